// The words of the Messages surface for what all surfaces say: why an answer ended, and what it
// cost. Used by the readers and writers of answers. Pure functions and plain values, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/usage.h"
#include "json/reader.h"
#include "protocol/answer.h"

namespace tidegate::translation::messages {

// Raw JSON string; unknown words count as other.
[[nodiscard]] protocol::FinishReason finish_of(std::string_view stop_reason);

// The stop_reason of an answer with or without tool calls, that hit a stop sequence or not: clients
// run tools if and only if it is "tool_use". Empty: the provider failed, which no word says.
[[nodiscard]] std::string_view stop_reason_of(protocol::FinishReason finish, bool tool_calls,
                                              bool stop_sequence);

// Anthropic's input_tokens leave out what was read from the cache and written to it.
struct TokenCounts {
  Tokens input = 0, cache_read = 0, cache_write = 0, output = 0;

  // Reads a usage object, or null. Counts that it does not have stay: a stream's later ones may
  // name only what has changed.
  [[nodiscard]] bool read(json::Reader& reader);
  [[nodiscard]] Usage usage() const;
  static TokenCounts of(const Usage& usage);
  // A usage object.
  void append_to(std::string& out) const;
};

}  // namespace tidegate::translation::messages
