// Fields: takes values out of a Responses body with the errors that a client can act on.
// Used by the files that read requests and answers of that surface. One per walk, on the stack.
//
// Every step returns false when it fails; error() then says why. Paths are made only for errors:
// `where` is anything that gives a string when it is called.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"
#include "json/reader.h"
#include "translation/request.h"

namespace tidegate::translation {

// A reader of a value that was checked before as part of a larger text.
[[nodiscard]] inline json::Reader reader_of(std::string_view checked) {
  return json::Reader(json::CheckedText{checked});
}

// "12" of a count in an answer; whatever is no such number counts as 0.
[[nodiscard]] Tokens token_count(std::string_view raw);

// The words of reasoning.effort; unset for one that we do not know, and empty for unset.
[[nodiscard]] Effort find_effort(std::string_view name);
[[nodiscard]] std::string_view effort_name(Effort effort);

class Fields {
 public:
  // `text` is what `reader` walks, as far as values are taken from it whole.
  Fields(json::Reader& reader, std::string_view text) : json(reader), text_(text) {}

  // The reason of a failure: the reader's if the text is malformed, else ours.
  [[nodiscard]] Error error() const { return json.is_malformed() ? json.error() : error_; }

  bool refuse(std::string message, std::string field) {
    error_ = {ErrorCode::invalid, std::move(message), std::move(field)};
    return false;
  }
  bool refuse(Error error) {
    error_ = std::move(error);
    return false;
  }
  // The next value has the wrong type. Malformed is the better answer.
  template <class Where>
  bool refuse_type(Where&& where, std::string_view expected) {
    if (!json.skip()) return false;
    std::string field = where();
    return refuse(std::string(field).append(" must be ").append(expected), field);
  }

  // A string or null, which leaves `out` as it was.
  template <class Where>
  bool text(std::string_view& out, Where&& where) {
    if (json.kind() == json::Kind::string) return json.string(out);
    if (json.kind() == json::Kind::null) return json.skip();
    return refuse_type(where, "a string");
  }
  template <class Where>
  bool flag(std::optional<bool>& out, Where&& where) {
    if (json.kind() == json::Kind::null) return json.skip();
    if (json.kind() != json::Kind::boolean) return refuse_type(where, "true or false");
    std::string_view raw;
    if (!json.scalar(raw)) return false;
    out = raw == "true";
    return true;
  }
  // Any value whole; null counts as not sent.
  bool value(std::string_view& out) {
    const bool null = json.kind() == json::Kind::null;
    const std::uint32_t begin = json.offset();
    if (!json.skip()) return false;
    if (!null) out = since(begin);
    return true;
  }
  // The bytes from `begin` to the end of the last token.
  [[nodiscard]] std::string_view since(std::uint32_t begin) const {
    return text_.substr(begin, json.last_end() - begin);
  }
  // A value of one type whole, or null.
  template <class Where>
  bool value(std::string_view& out, json::Kind kind, Where&& where, std::string_view expected) {
    if (json.kind() != kind && json.kind() != json::Kind::null) return refuse_type(where, expected);
    return value(out);
  }

  json::Reader& json;

 private:
  std::string_view text_;
  Error error_;
};

}  // namespace tidegate::translation
