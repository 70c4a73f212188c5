// Token counts of the simulator: a fixed formula, so that tests can compute them.
// 0.3 tokens per ASCII character and 0.6 per other character, as DeepSeek's documentation
// estimates; 4 per message; 256 per part that is not text. Pure functions, any thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/money.h"
#include "simulator/request.h"

namespace tidegate::simulator {

[[nodiscard]] Tokens count_tokens(std::string_view text);
[[nodiscard]] Tokens count_tokens(const Message& message);
// Of the whole prompt: tools and messages.
[[nodiscard]] Tokens count_tokens(const ChatRequest& request);

}  // namespace tidegate::simulator
