// Appends JSON whose strings are raw already, as the chat surface's writers do most of the time.
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "json/escape.h"

namespace tidegate::translation {

inline void append_raw(std::string& out, std::string_view raw) {
  out += '"';
  out += raw;
  out += '"';
}
// ,"name":
inline void append_key(std::string& out, std::string_view name) {
  out += ",\"";
  out += name;
  out += "\":";
}
// ,"name":"raw"
inline void append_text(std::string& out, std::string_view name, std::string_view raw) {
  append_key(out, name);
  append_raw(out, raw);
}
// ,"name":json
inline void append_value(std::string& out, std::string_view name, std::string_view json) {
  append_key(out, name);
  out += json;
}

// Arguments as the inside of a JSON string: those that are a JSON value are escaped. A custom
// tool's text becomes the `input` of a function's arguments.
inline void append_arguments(std::string& out, std::string_view arguments, bool escaped,
                             bool custom) {
  if (custom) {
    out += R"({\"input\":\")";
    json::append_escaped(out, arguments);
    out += R"(\"})";
  } else if (arguments.empty()) {
    out += "{}";  // an empty text is no JSON, and DeepSeek refuses it
  } else if (escaped) {
    out += arguments;
  } else {
    json::append_escaped(out, arguments);
  }
}

}  // namespace tidegate::translation
