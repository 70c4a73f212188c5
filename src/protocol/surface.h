// Surface: the three shapes in which chat requests and answers are written, whoever speaks them.
// A client calls one of them; a provider offers one or more (DialectTable). Constants, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tidegate::protocol {

enum class Surface : std::uint8_t {
  chat,       // OpenAI Chat Completions: POST /v1/chat/completions
  responses,  // OpenAI Responses: POST /v1/responses
  messages,   // Anthropic Messages: POST /v1/messages
};
inline constexpr std::size_t kSurfaces = 3;

[[nodiscard]] constexpr std::string_view name(Surface surface) {
  switch (surface) {
    case Surface::chat:
      return "chat";
    case Surface::responses:
      return "responses";
    case Surface::messages:
      return "messages";
  }
  return {};
}

// What the limit of generated tokens is called; on the chat surface it is the dialect's to say.
[[nodiscard]] constexpr std::string_view max_tokens_name(Surface surface) {
  return surface == Surface::responses ? "max_output_tokens" : "max_tokens";
}

}  // namespace tidegate::protocol
