// Tool calls that a simulated model makes, and other objects that fit a declared schema.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/endpoint.h"
#include "simulator/request.h"

namespace tidegate::simulator {

// The calls that `request` provokes; empty when it provokes none.
[[nodiscard]] std::vector<ToolCall> make_tool_calls(Provider provider, const ChatRequest& request,
                                                    std::uint64_t seed);

// A JSON object with these members. A number is the first one in what was `asked`, a string the
// first quoted words: enough for a test that wants its values back.
[[nodiscard]] std::string fill_in(const std::vector<Parameter>& parameters, std::string_view asked);

// `length` characters of base62 that `seed` chooses.
[[nodiscard]] std::string base62(std::uint64_t seed, std::size_t length);

}  // namespace tidegate::simulator
