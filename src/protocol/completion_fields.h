// CompletionFields: one pass over a JSON object of the chat.completion family, a stream's chunk or
// a whole answer. The common ground of stream.cpp and answer.cpp, for nobody else. Plain value.
#pragma once

#include <array>

#include "protocol/answer.h"

namespace tidegate::protocol {

// Views are raw JSON strings without quotes and point into the text that was read.
struct CompletionFields {
  std::string_view model;
  std::optional<Usage> usage;
  FinishReason finish = FinishReason::none;
  bool has_choices = false;   // `choices` is an array
  std::uint32_t choices = 0;  // its elements
  bool role = false;
  bool content = false;  // non-empty, as the next one
  bool reasoning = false;
  bool error = false;  // an error object, or one of the shapes of an error without `choices`
  std::uint32_t tool_calls = 0;  // highest index + 1
  std::uint32_t tool_call_ids = 0;
  std::array<std::string_view, Answer::kMaxToolCallIds> tool_call_id;

  std::uint32_t texts = 0;       // non-empty content, reasoning and tool arguments
  std::string_view text;         // the last of them
  std::string_view obfuscation;  // OpenAI's random padding of chunks; null data() when absent
};

// Error invalid: malformed, or not an object.
Result<CompletionFields> read_completion(json::Parser& parser, std::string_view text);

// Adds what a chunk or an answer says to what was known before.
void merge(const CompletionFields& fields, std::string_view text, Answer& answer);

}  // namespace tidegate::protocol
