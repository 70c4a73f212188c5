// Gemini, through its OpenAI layer.
#include "protocol/dialect.h"

namespace tidegate::protocol {

const DialectTable kGemini = {
    .name = "gemini",
    .paths = {"/chat/completions", "", "", "/embeddings", ""},
    .thought_signatures = true,
    // Thinking cannot be switched off on every model, and "none" is refused there; "minimal" is
    // not.
    .thinking = {"", R"("reasoning_effort":"minimal")", R"("reasoning_effort":"low")",
                 R"("reasoning_effort":"medium")", R"("reasoning_effort":"high")",
                 R"("reasoning_effort":"high")"},
};

}  // namespace tidegate::protocol
