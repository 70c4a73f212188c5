// Walk: a json::Reader over a chat body that remembers the first refusal, and where it was.
// Used by the readers of the chat surface (chat_request.cpp, chat_messages.cpp, chat_tools.cpp).
// One per body, on the stack. Steps return false once the body is refused.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/escape.h"
#include "json/reader.h"
#include "translation/request.h"

namespace tidegate::translation {

class Walk {
 public:
  Walk(json::Reader& reader, Request& out) : json(reader), request(out) {}

  json::Reader& json;
  Request& request;
  Error error;
  std::vector<std::string_view> allowed_tools;  // by name: those that tool_choice allows
  bool restrict_tools = false;                  // it allows these alone

  bool refuse(std::string message, std::string field) {
    error = {ErrorCode::invalid, std::move(message), std::move(field)};
    return false;
  }
  bool refuse_type(std::string field, std::string_view expected) {
    if (!json.skip()) return false;  // malformed is the better answer
    return refuse(fmt::format("{} must be {}", field, expected), field);
  }
  bool refuse_missing(const std::string& field) { return refuse(field + " is missing", field); }

  // Keys come without escapes.
  template <class OnMember>
  bool object(OnMember&& on_member) {
    return json.object([&](std::string_view key) {
      if (key.find('\\') != std::string_view::npos) key = plain(key);
      return on_member(key);
    });
  }

  // The whole value, as it is written.
  bool value(std::string_view& raw) {
    const std::uint32_t begin = json.offset();
    if (!json.skip()) return false;
    raw = request.body.substr(begin, json.last_end() - begin);
    return true;
  }

  [[nodiscard]] bool is(json::Kind kind) const { return json.kind() == kind; }

  // null leaves `raw` as it is. `where` gives the path, and is only asked for it when refused.
  template <class Where>
  bool text(std::string_view& raw, Where&& where) {
    if (is(json::Kind::string)) return json.string(raw);
    if (is(json::Kind::null)) return json.skip();
    return refuse_type(where(), "a string");
  }
  template <class Where>
  bool flag(std::optional<bool>& flag, Where&& where) {
    if (is(json::Kind::null)) return json.skip();
    if (!is(json::Kind::boolean)) return refuse_type(where(), "true or false");
    std::string_view raw;
    if (!json.scalar(raw)) return false;
    flag = raw == "true";
    return true;
  }

 private:
  std::string_view plain(std::string_view key) {
    auto unescaped = json::unescape(key);
    return unescaped ? request.keep(std::move(*unescaped)) : key;
  }
};

}  // namespace tidegate::translation
