// DeepSeek, by the fact sheet of DeepSeek V4, 1.1 to 1.3.
#include "protocol/dialect.h"

namespace tidegate::protocol {

// Its Responses and Messages surfaces are left alone: they drop fields in silence (1.1, 1.2), and
// one surface for all clients keeps a task's prompt cache warm when its client changes.
const DialectTable kDeepSeek = {
    .name = "deepseek",
    .paths = {"/chat/completions", "", "", "", "/completions"},
    .beta = "/beta",             // 400 "... is only available when using beta api" elsewhere
    .max_tokens_limit = 393216,  // 400 "the valid range of max_tokens is [1, 393216]"
    .developer_role = false,     // 400 "unknown variant `developer`"
    .forced_tool_when_thinking = false,  // 400 "Thinking mode does not support this tool_choice"
    .json_schema = false,                // 1.2: text or json_object only
    .no_content = R"("")",               // 1.3, rule 9: never null
    .user_key = "user_id",
    .prefix = {.key = "prefix", .thinks_on = true},
    .reasoning_field = "reasoning_content",
    .must_return = MustReturn::every_turn,  // 1.3, rule 3
    // Thinking is on unless it is disabled, and the toggle wins over the effort. The levels are
    // low, high and max; the server maps medium to high, and refuses unknown words with 422.
    .thinking = {"", R"("thinking":{"type":"disabled"})",
                 R"("thinking":{"type":"enabled"},"reasoning_effort":"low")",
                 R"("thinking":{"type":"enabled"},"reasoning_effort":"high")",
                 R"("thinking":{"type":"enabled"},"reasoning_effort":"high")",
                 R"("thinking":{"type":"enabled"},"reasoning_effort":"max")"},
    // Since V4-Pro-0813 and V4.1-Flash; until then it was max, as it is with the first open
    // weights.
    .xhigh = config::Thinking::high,
};

}  // namespace tidegate::protocol
