// Value: a JSON text as a tree, for requests whose every field is judged. Strings are unescaped
// copies; `raw` points into the text, which must outlive the tree. A plain value, any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "json/reader.h"

namespace tidegate::simulator {

struct Member;

struct Value {
  json::Kind kind = json::Kind::null;
  std::string text;             // of a string; of a number and a boolean as written
  std::vector<Member> members;  // of an object, in their order
  std::vector<Value> elements;  // of an array
  std::string_view raw;

  [[nodiscard]] bool is(json::Kind wanted) const { return kind == wanted; }
  [[nodiscard]] bool is_string() const { return is(json::Kind::string); }
  [[nodiscard]] bool is_object() const { return is(json::Kind::object); }
  [[nodiscard]] bool is_array() const { return is(json::Kind::array); }
  [[nodiscard]] bool is_integer() const;
  [[nodiscard]] bool is_true() const { return is(json::Kind::boolean) && text == "true"; }

  // The member `name`, the first of several; null when there is none or it is null.
  [[nodiscard]] const Value* find(std::string_view name) const;
  // Its text when it is a string; else empty.
  [[nodiscard]] std::string_view text_of(std::string_view name) const;
  // An integer's value; 0 for anything else.
  [[nodiscard]] Tokens integer() const;
  [[nodiscard]] double number() const;
};

struct Member {
  std::string name;
  Value value;
};

// Err: what is malformed and where.
[[nodiscard]] std::expected<Value, std::string> read_value(std::string_view text);

// "an array", for error texts.
[[nodiscard]] std::string_view kind_name(json::Kind kind);

}  // namespace tidegate::simulator
