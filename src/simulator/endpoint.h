// What a path of the simulator stands for: which provider speaks, and what is asked of it.
// One listener serves all providers; the path alone decides. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidegate::simulator {

enum class Provider : std::uint8_t { openai, deepseek };

enum class Operation : std::uint8_t {
  unknown,  // 404
  chat,     // POST .../chat/completions
  models,   // GET .../models
  log,      // GET /sim/log
  open,     // GET /sim/open
  reset,    // POST /sim/reset
};

struct Endpoint {
  Provider provider = Provider::openai;
  Operation operation = Operation::unknown;
};

// Method is not looked at. Paths (each with an optional /v1 or /beta before the operation):
//   /v1/...  /openai/...              OpenAI
//   /...     /beta/...  /deepseek/... DeepSeek
//   /sim/<name>/...                   DeepSeek if <name> contains "deepseek", else OpenAI
[[nodiscard]] Endpoint find_endpoint(std::string_view path);

}  // namespace tidegate::simulator
