// SGLang. It renders missing reasoning as an empty think block instead of refusing it, and the
// model then thinks less and less (fact sheet of DeepSeek V4, 2.1, row 25).
#include "protocol/dialect.h"

namespace tidegate::protocol {

constexpr std::string_view kHigh =
    R"("chat_template_kwargs":{"thinking":true,"reasoning_effort":"high"})";

const DialectTable kSglang = {
    .name = "sglang",
    .paths = {"/chat/completions", "", "", "/embeddings", "/completions"},
    .top_k = true,
    .prefix = {.members = R"("continue_final_message":true)"},
    .reasoning_field = "reasoning_content",
    .thinking = {"", R"("chat_template_kwargs":{"thinking":false})", kHigh, kHigh, kHigh,
                 R"("chat_template_kwargs":{"thinking":true,"reasoning_effort":"max"})"},
};

}  // namespace tidegate::protocol
