// OpenAI itself: Chat Completions and Responses.
#include "protocol/dialect.h"

namespace tidegate::protocol {

const DialectTable kOpenAi = {
    .name = "openai",
    .paths = {"/chat/completions", "/responses", "", "/embeddings", ""},
    // Reasoning leaves and comes back only there, as encrypted items.
    .surface = Surface::responses,
    .max_tokens_key = "max_completion_tokens",  // reasoning models refuse max_tokens
    .developer_role = true,
    .only_function_tools = false,
    .images_in_tool_results = true,
    .openai_extras = true,
    // Chat Completions never shows reasoning (fact sheet, section 4).
    .thinking = {"", R"("reasoning_effort":"none")", R"("reasoning_effort":"low")",
                 R"("reasoning_effort":"medium")", R"("reasoning_effort":"high")",
                 R"("reasoning_effort":"xhigh")"},
};

}  // namespace tidegate::protocol
