// ChatDelta: what one object of the chat.completion family adds to an answer: a stream's chunk, or
// a whole answer. Only choice 0 is read. Views of raw JSON into the text; reused from chunk to
// chunk, so that its vectors grow once. Used by the chat surface's decoders.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tidegate::translation {

struct ChatDelta {
  struct Call {
    std::optional<std::uint32_t> index;
    std::string_view id, name;
    std::string_view arguments;  // raw; a JSON value where it is not `escaped`
    bool escaped = true;
    bool custom = false;
    std::string_view signature;  // Gemini's thought_signature
  };
  // A piece of content or reasoning that came in an array (Mistral).
  struct Piece {
    bool reasoning = false;
    std::string_view text;
  };

  std::string_view id, model;
  std::string_view content, reasoning, refusal;
  std::vector<std::string_view> details;    // items of reasoning_details, JSON objects
  std::vector<std::string_view> citations;  // items of annotations
  std::vector<Call> calls;
  std::vector<Piece> pieces;
  bool has_choices = false;                           // `choices` is an array
  bool has_choice = false;                            // with the choice 0
  bool finish = false, usage = false, error = false;  // not null

  void clear();
  void clear_choice();
};

// Error invalid: malformed, or not an object.
Result<void> read_chat_delta(std::string_view text, ChatDelta& out);

}  // namespace tidegate::translation
