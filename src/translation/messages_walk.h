// Walk: the steps that all readers of the Messages surface share: a json::Reader, and the first
// error with its path in the client's words. One per text, on the stack.
//
// As the Reader's, every step returns false at the first fault.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "json/escape.h"
#include "json/reader.h"
#include "translation/request.h"

namespace tidegate::translation::messages {

// "messages[3].content[1].content[0]", "system[2]", "tools[4]"; all empty: the top level.
struct Where {
  std::string_view list = {};
  std::uint32_t item = Place::kNone;
  std::uint32_t element = Place::kNone;
  std::uint32_t inner = Place::kNone;

  [[nodiscard]] std::string path(std::string_view member = {}) const;
};

class Walk {
 public:
  // `text`: valid UTF-8, as json::check_text() finds it.
  explicit Walk(std::string_view text) : text_(text), reader_(json::CheckedText{text}) {}

  [[nodiscard]] json::Reader& reader() { return reader_; }
  [[nodiscard]] json::Kind kind() const { return reader_.kind(); }

  // "messages[3].role must be a string"
  bool refuse(const Where& where, std::string_view member, std::string_view what);
  bool fault(Error error) {
    error_ = std::move(error);
    return false;
  }
  // What stopped the walk.
  [[nodiscard]] Error error() {
    return reader_.is_malformed() ? reader_.error() : std::move(error_);
  }

  // The value in turn has the wrong type; malformed is the better answer.
  bool wrong_type(const Where& where, std::string_view member, std::string_view expected);

  // Calls on_member(key) for each member, the key without its escapes: a provider would undo them,
  // too. The callback consumes the value.
  template <class OnMember>
  bool object(const Where& where, std::string_view member, OnMember&& on_member) {
    if (kind() != json::Kind::object) return wrong_type(where, member, "an object");
    return reader_.object([&](std::string_view key) {
      if (key.find('\\') == std::string_view::npos) return on_member(key);
      const auto plain = json::unescape(key);
      if (!plain) return refuse(where, key, "has an invalid escape in its name");
      return on_member(std::string_view(*plain));
    });
  }

  template <class OnElement>
  bool array(const Where& where, std::string_view member, OnElement&& on_element) {
    if (kind() != json::Kind::array) return wrong_type(where, member, "an array");
    return reader_.array(std::forward<OnElement>(on_element));
  }

  bool string(const Where& where, std::string_view member, std::string_view& out) {
    if (kind() != json::Kind::string) return wrong_type(where, member, "a string");
    return reader_.string(out);
  }
  // null leaves `out` as it is.
  bool optional_string(const Where& where, std::string_view member, std::string_view& out) {
    return kind() == json::Kind::null ? reader_.skip() : string(where, member, out);
  }
  bool flag(const Where& where, std::string_view member, bool& out) {
    if (kind() == json::Kind::null) return reader_.skip();
    if (kind() != json::Kind::boolean) return wrong_type(where, member, "true or false");
    std::string_view raw;
    if (!reader_.scalar(raw)) return false;
    out = raw == "true";
    return true;
  }
  // Any value as it is written; null counts as not sent.
  bool value(std::string_view& out) {
    const bool none = kind() == json::Kind::null;
    Range range;
    if (!place(range)) return false;
    if (!none) out = range.in(text_);
    return true;
  }
  bool place(Range& out) {
    out.begin = reader_.offset();
    if (!reader_.skip()) return false;
    out.end = reader_.last_end();
    return true;
  }
  [[nodiscard]] std::string_view since(std::uint32_t begin) const {
    return text_.substr(begin, reader_.last_end() - begin);
  }

 private:
  std::string_view text_;
  json::Reader reader_;
  Error error_;
};

}  // namespace tidegate::translation::messages
