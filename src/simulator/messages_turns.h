// Turns: the messages of a Messages request as the API understands them: each string a text block,
// messages in a row of the same role one turn. Views of the request's Value. Plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simulator/value.h"

namespace tidegate::simulator {

struct Block {
  std::string_view type;
  std::string_view text;         // of a text block
  const Value* value = nullptr;  // null: the content was a string
  std::size_t message = 0;
  std::size_t index = 0;  // in its message's content

  [[nodiscard]] bool is(std::string_view wanted) const { return type == wanted; }
  [[nodiscard]] bool is_thinking() const { return is("thinking") || is("redacted_thinking"); }
  [[nodiscard]] std::string_view member(std::string_view name) const {
    return value == nullptr ? std::string_view() : value->text_of(name);
  }
  [[nodiscard]] std::string path() const;  // "messages.1.content.0"
};

struct Turn {
  bool assistant = false;
  std::vector<Block> blocks;
};

// `body` has passed check_messages_shape().
[[nodiscard]] std::vector<Turn> turns_of(const Value& body);

// The text of a block list or of a string.
[[nodiscard]] std::string text_of_content(const Value* content);

}  // namespace tidegate::simulator
