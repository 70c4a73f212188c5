// Any other server that speaks Chat Completions. No control of thinking is known to be safe.
#include "protocol/dialect.h"

namespace tidegate::protocol {

const DialectTable kOpenAiCompatible = {
    .name = "openai_compatible",
    .paths = {"/chat/completions", "", "", "/embeddings", "/completions"},
    .reasoning_field = "reasoning_content",
};

}  // namespace tidegate::protocol
