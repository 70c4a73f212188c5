#include "translation/responses_events.h"

#include <fmt/format.h>

#include <span>

namespace tidegate::translation {

void ResponsesEvents::begin(std::string& out, std::string_view type) {
  out.append("event: ").append(type).append("\ndata: {\"type\":\"").append(type);
  const fmt::format_int number(next_++);
  out.append("\",\"sequence_number\":").append(number.data(), number.size());
}

void ResponsesEvents::write(std::string& out, std::string_view type,
                            std::initializer_list<std::string_view> pieces) {
  if (!streamed_) return;
  begin(out, type);
  for (const std::string_view piece : pieces) out += piece;
  out += "}\n\n";
}

bool ResponsesEvents::open(std::string& out, std::string_view type, std::string_view member) {
  if (!streamed_) return false;
  begin(out, type);
  data_begin_ = out.size();
  out.append(",\"").append(member).append("\":");
  return true;
}

void ResponsesEvents::close(std::string& out) {
  put_on_one_line(out, data_begin_);
  out += "}\n\n";
}

void ResponsesEvents::put_on_one_line(std::string& json, std::size_t begin) {
  for (char& c : std::span(json).subspan(begin)) {
    if (c == '\n' || c == '\r') c = ' ';  // between tokens: strings have none
  }
}

}  // namespace tidegate::translation
