// How reasoning's proof reaches a client of the Messages surface: Anthropic's as it is, all others
// in our envelope. Used by the encoders of answers. Pure functions, any thread.
#pragma once

#include <string>

#include "translation/cargo.h"
#include "translation/codec.h"

namespace tidegate::translation::messages {

// The signature of a thinking block, or the data of a redacted one; `event` is a reasoning_seal.
[[nodiscard]] inline std::string sealed(const Event& event, const AnswerContext& context) {
  if (event.seal == Seal::anthropic_signature || event.seal == Seal::anthropic_redacted) {
    return std::string(event.text);
  }
  return wrap({event.seal, context.maker, std::string(event.id), std::string(event.text), {}});
}

// The signature of plain text: says who thought it.
[[nodiscard]] inline std::string plain_signature(const AnswerContext& context) {
  return wrap({Seal::none, context.maker, {}, {}, {}});
}

// Gemini's proof of a tool call; `call` is its id.
[[nodiscard]] inline std::string sealed_call(const Event& event, std::string_view call,
                                             const AnswerContext& context) {
  return wrap({event.seal, context.maker, std::string(call), std::string(event.text), {}});
}

// Whether a seal without any text shown is a redacted_thinking block, or an empty thinking block.
[[nodiscard]] inline bool is_redacted(const Event& event) {
  return event.seal != Seal::anthropic_signature;
}

}  // namespace tidegate::translation::messages
