#include "simulator/misfit.h"

#include "json/writer.h"
#include "simulator/value.h"

namespace tidegate::simulator {
namespace {

void write_misfit(json::Writer& json, const Value& value) {
  if (value.is_object()) {
    json.begin_object();
    for (const auto& [name, inner] : value.members) {
      json.key(name);
      write_misfit(json, inner);
    }
    json.end_object();
  } else if (value.is_array()) {
    json.begin_array();
    for (const Value& inner : value.elements) write_misfit(json, inner);
    json.end_array();
  } else if (value.is_string()) {
    json.value(7);
  } else {
    json.value(value.raw);
  }
}

}  // namespace

std::string misfit(std::string_view text) {
  std::string out;
  json::Writer json(out);
  if (const auto value = read_value(text)) {
    write_misfit(json, *value);
  } else {
    json.value(text);
  }
  return out;
}

}  // namespace tidegate::simulator
