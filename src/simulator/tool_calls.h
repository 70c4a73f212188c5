// Tool calls that a simulated model makes, with arguments that fit the declared parameters.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "simulator/endpoint.h"
#include "simulator/request.h"

namespace tidegate::simulator {

// The calls that `request` provokes; empty when it provokes none.
[[nodiscard]] std::vector<ToolCall> make_tool_calls(Provider provider, const ChatRequest& request,
                                                    std::uint64_t seed);

// `length` characters of base62 that `seed` chooses.
[[nodiscard]] std::string base62(std::uint64_t seed, std::size_t length);

}  // namespace tidegate::simulator
