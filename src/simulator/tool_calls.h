// Tool calls that a simulated model makes, with arguments that fit the declared parameters.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/endpoint.h"
#include "simulator/request.h"
#include "simulator/settings.h"

namespace tidegate::simulator {

// The calls that `request` provokes, as tool_plan.h says; empty when it provokes none. More calls
// than tools go round the tools, and the texts of their arguments are numbered then.
[[nodiscard]] std::vector<ToolCall> make_tool_calls(Provider provider, const ChatRequest& request,
                                                    const Settings& settings, std::uint64_t seed);

// `length` characters of base62 that `seed` chooses.
[[nodiscard]] std::string base62(std::uint64_t seed, std::size_t length);

}  // namespace tidegate::simulator
