// OpenRouter (openrouter.ai/docs/use-cases/reasoning-tokens, .../features/prompt-caching; where
// cache_control may stand: OpenRouterTeam/ai-sdk-provider, convert-to-openrouter-chat-messages.ts).
#include "protocol/dialect.h"

namespace tidegate::protocol {

const DialectTable kOpenRouter = {
    .name = "openrouter",
    .paths = {"/chat/completions", "", "", "/embeddings", ""},
    .reasoning_details = true,
    .top_k = true,
    .cache_control = true,
    .prefix = {.unmarked = true},
    .reasoning_field = "reasoning",
    .thinking = {"", R"("reasoning":{"effort":"none"})", R"("reasoning":{"effort":"low"})",
                 R"("reasoning":{"effort":"medium"})", R"("reasoning":{"effort":"high"})",
                 R"("reasoning":{"effort":"xhigh"})"},
};

}  // namespace tidegate::protocol
