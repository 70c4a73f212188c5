// Surface: the shapes in which requests and answers are written, whoever speaks them. A client
// calls one of them; a provider offers one or more (DialectTable). Constants, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tidegate::protocol {

enum class Surface : std::uint8_t {
  chat,         // OpenAI Chat Completions
  responses,    // OpenAI Responses
  messages,     // Anthropic Messages
  embeddings,   // OpenAI Embeddings
  completions,  // OpenAI's legacy Completions, with fill-in-the-middle
};
inline constexpr std::size_t kSurfaces = 5;

// The chat surfaces are translated into each other; what is asked on the others goes to providers
// that offer them, in the client's own bytes.
[[nodiscard]] constexpr bool is_translatable(Surface surface) {
  return surface <= Surface::messages;
}

[[nodiscard]] constexpr std::string_view name(Surface surface) {
  switch (surface) {
    case Surface::chat:
      return "chat";
    case Surface::responses:
      return "responses";
    case Surface::messages:
      return "messages";
    case Surface::embeddings:
      return "embeddings";
    case Surface::completions:
      return "completions";
  }
  return {};
}

// Where clients call it.
[[nodiscard]] constexpr std::string_view client_path(Surface surface) {
  switch (surface) {
    case Surface::chat:
      return "/v1/chat/completions";
    case Surface::responses:
      return "/v1/responses";
    case Surface::messages:
      return "/v1/messages";
    case Surface::embeddings:
      return "/v1/embeddings";
    case Surface::completions:
      return "/v1/completions";
  }
  return {};
}

// What the limit of generated tokens is called; on the chat surface it is the dialect's to say.
[[nodiscard]] constexpr std::string_view max_tokens_name(Surface surface) {
  return surface == Surface::responses ? "max_output_tokens" : "max_tokens";
}

}  // namespace tidegate::protocol
