// OpenAI's own Chat Completions.
#include "protocol/dialect.h"

namespace tidegate::protocol {

const DialectTable kOpenAi = {
    .name = "openai",
    .chat_path = "/chat/completions",
    .auth = AuthStyle::bearer,
    .max_tokens_key = "max_completion_tokens",  // reasoning models refuse max_tokens
    .max_tokens_limit = 0,
    .include_usage = true,
    .done_marker = "[DONE]",
    .developer_role = true,
    .forced_tool_when_thinking = true,
    .reasoning_field = {},  // Chat Completions never shows it (fact sheet, section 4)
    .thinking = {"", R"("reasoning_effort":"none")", R"("reasoning_effort":"low")",
                 R"("reasoning_effort":"medium")", R"("reasoning_effort":"high")",
                 R"("reasoning_effort":"xhigh")"},
};

}  // namespace tidegate::protocol
