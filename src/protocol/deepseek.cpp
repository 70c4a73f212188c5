// DeepSeek's chat surface, by the fact sheet of DeepSeek V4, 1.1 to 1.3.
#include "protocol/dialect.h"

namespace tidegate::protocol {

const DialectTable kDeepSeek = {
    .name = "deepseek",
    .chat_path = "/chat/completions",
    .auth = AuthStyle::bearer,
    .max_tokens_key = "max_tokens",
    .max_tokens_limit = 393216,  // 400 "the valid range of max_tokens is [1, 393216]"
    .include_usage = true,
    .done_marker = "[DONE]",
    .developer_role = false,             // 400 "unknown variant `developer`"
    .forced_tool_when_thinking = false,  // 400 "Thinking mode does not support this tool_choice"
    .reasoning_field = "reasoning_content",
    // Thinking is on unless it is disabled, and the toggle wins over the effort. The levels are
    // low, high and max; the server maps medium to high, and refuses unknown words with 422.
    .thinking = {"", R"("thinking":{"type":"disabled"})",
                 R"("thinking":{"type":"enabled"},"reasoning_effort":"low")",
                 R"("thinking":{"type":"enabled"},"reasoning_effort":"high")",
                 R"("thinking":{"type":"enabled"},"reasoning_effort":"high")",
                 R"("thinking":{"type":"enabled"},"reasoning_effort":"max")"},
};

}  // namespace tidegate::protocol
