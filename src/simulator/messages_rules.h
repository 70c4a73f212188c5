// What Anthropic's Messages API refuses in a request whose fields are right: the order of turns and
// tool results, thinking and its signatures, settings that exclude one another. Error texts by the
// fact sheet of DeepSeek V4, section 4, and as quoted in public reports. Pure functions, any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/messages_turns.h"
#include "simulator/options.h"
#include "simulator/refusal.h"

namespace tidegate::simulator {

// `model` is the body's without a fault's suffix. `prompt_tokens`: of the whole prompt.
[[nodiscard]] std::optional<Refusal> check_messages(const Value& body, std::string_view model,
                                                    const std::vector<Turn>& turns,
                                                    Tokens prompt_tokens, const Options& options);

// The prefixes of signatures and of redacted data.
inline constexpr std::string_view kSignatureMark = "Eq";
inline constexpr std::string_view kRedactedMark = "Em";

// The thinking that a block brings back, read from its signature where it is hidden; nullopt when
// the signature is wrong.
[[nodiscard]] std::optional<std::string> open_thinking(const Block& block, std::string_view model);

}  // namespace tidegate::simulator
