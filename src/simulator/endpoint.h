// What a path of the simulator stands for: which provider speaks, and what is asked of it.
// One listener serves all providers; the path alone decides. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidegate::simulator {

enum class Provider : std::uint8_t {
  openai,  // and every other that speaks as OpenAI does
  deepseek,
  anthropic,
  kimi,
  gemini,
  vllm,
  sglang,
  llamacpp,
  openrouter,
};

enum class Operation : std::uint8_t {
  unknown,       // 404
  chat,          // POST .../chat/completions
  messages,      // POST .../messages
  count_tokens,  // POST .../messages/count_tokens
  responses,     // POST .../responses
  embeddings,    // POST .../embeddings
  completions,   // POST .../completions
  stored,        // GET, DELETE .../responses/{id}, GET .../responses/{id}/input_items
  models,        // GET .../models
  log,           // GET /sim/log
  open,          // GET /sim/open
  reset,         // POST /sim/reset
};

struct Endpoint {
  Provider provider = Provider::openai;
  Operation operation = Operation::unknown;
  bool beta = false;  // DeepSeek's base URL of beta features
};

// A provider is asked, so it is in the journal; a model, so faults and pace apply.
[[nodiscard]] bool asks_provider(Operation operation);
[[nodiscard]] bool asks_model(Operation operation);

// Method is not looked at. Paths (each with an optional /v1 or /beta before the operation):
//   /v1/...  /openai/...              OpenAI, but /v1/messages is Anthropic's
//   /...     /beta/...  /deepseek/... DeepSeek
//   /sim/<name>/...                   the provider that <name> names (provider_of_name)
[[nodiscard]] Endpoint find_endpoint(std::string_view path);

// By what the name contains: "vllm", "sglang", "llama", "openrouter", "kimi" or "moonshot",
// "gemini", "anthropic" or "claude", "deepseek", in this order; else OpenAI.
[[nodiscard]] Provider provider_of_name(std::string_view name);

}  // namespace tidegate::simulator
