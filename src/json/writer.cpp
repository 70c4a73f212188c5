#include "json/writer.h"

#include <charconv>
#include <cmath>
#include <iterator>

namespace tidegate::json {
namespace {

template <class T>
void append_number(std::string& out, T number) {
  char buffer[32];
  const auto result = std::to_chars(std::begin(buffer), std::end(buffer), number);
  out.append(buffer, result.ptr);
}

}  // namespace

Writer& Writer::open(char bracket) {
  separate();
  out_.push_back(bracket);
  comma_due_ = false;
  return *this;
}

Writer& Writer::close(char bracket) {
  out_.push_back(bracket);
  comma_due_ = true;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  value(name);
  out_.push_back(':');
  comma_due_ = false;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  separate();
  out_.push_back('"');
  append_escaped(out_, text);
  out_.push_back('"');
  return *this;
}

Writer& Writer::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  append_number(out_, number);
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  separate();
  out_.append(json);
  return *this;
}

Writer& Writer::integer(std::int64_t number) {
  separate();
  append_number(out_, number);
  return *this;
}

Writer& Writer::natural(std::uint64_t number) {
  separate();
  append_number(out_, number);
  return *this;
}

}  // namespace tidegate::json
