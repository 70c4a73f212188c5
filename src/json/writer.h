// Writer: appends JSON to a string, commas and escapes included. For error bodies, reports,
// metrics. One per text, not shared. What it writes is valid UTF-8 whatever it was given.
//
//   json::Writer json(out);
//   json.begin_object().member("status", "ok").key("models").begin_array() ...
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "json/escape.h"

namespace tidegate::json {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Writer& begin_object() { return open('{'); }
  Writer& end_object() { return close('}'); }
  Writer& begin_array() { return open('['); }
  Writer& end_array() { return close(']'); }

  Writer& key(std::string_view name);
  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(bool flag) { return raw(flag ? "true" : "false"); }
  Writer& value(std::signed_integral auto number) { return integer(std::int64_t{number}); }
  Writer& value(std::unsigned_integral auto number) { return natural(std::uint64_t{number}); }
  // The shortest text that reads back as the same number; null for what JSON cannot say.
  Writer& value(double number);
  Writer& null() { return raw("null"); }
  // `json` must be one valid JSON value.
  Writer& raw(std::string_view json);

  template <class T>
  Writer& member(std::string_view name, const T& what) {
    return key(name).value(what);
  }

 private:
  Writer& open(char bracket);
  Writer& close(char bracket);
  Writer& integer(std::int64_t number);
  Writer& natural(std::uint64_t number);
  void separate() {
    if (comma_due_) out_.push_back(',');
    comma_due_ = true;
  }

  std::string& out_;
  bool comma_due_ = false;
};

}  // namespace tidegate::json
