// StreamEvent: what one event of a Messages stream says, read in one pass; what it does not say is
// empty. Used by the stream's decoder, which judges it. A plain value; views into the event.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "translation/messages_words.h"

namespace tidegate::translation::messages {

// A content block as it begins, or as a whole answer holds it. Strings are raw.
struct AnswerBlock {
  std::string_view type, id, name, text, thinking, signature, data;
  std::string_view input, citations;  // JSON values
};

// Reads the block in turn.
[[nodiscard]] bool read_answer_block(json::Reader& reader, std::string_view text, AnswerBlock& out);

struct StreamEvent {
  std::string_view type;
  std::optional<std::uint64_t> index;
  // message_start
  std::string_view id, model;
  // content_block_start
  AnswerBlock block;
  // content_block_delta; message_delta has no type of delta
  std::string_view delta_type, text, thinking, signature, partial_json;
  std::string_view citation;  // JSON value
  std::string_view stop_reason, stop_sequence;
  std::string_view error;  // JSON value
};

// `counts` takes over what the event says of usage. Error invalid: malformed, or not an object.
Result<StreamEvent> read_stream_event(std::string_view data, TokenCounts& counts);

}  // namespace tidegate::translation::messages
