// Kimi (Moonshot), by the fact sheet of DeepSeek V4, section 4.
#include "protocol/dialect.h"

namespace tidegate::protocol {

// Kimi has a toggle and no levels.
constexpr std::string_view kOn = R"("thinking":{"type":"enabled"})";

const DialectTable kKimi = {
    .name = "kimi",
    .forced_tool_when_thinking = false,
    .prefix = {.key = "partial"},
    .reasoning_field = "reasoning_content",
    // 400 "thinking is enabled but reasoning_content is missing in assistant tool call message".
    .must_return = MustReturn::tool_turns,
    .thinking = {"", R"("thinking":{"type":"disabled"})", kOn, kOn, kOn, kOn},
};

}  // namespace tidegate::protocol
