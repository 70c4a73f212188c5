// vLLM. Of engines, the model's chat template decides; thinking is off by default in vLLM, unlike
// at DeepSeek (fact sheet of DeepSeek V4, 3.4), and its levels are high and max.
#include "protocol/dialect.h"

namespace tidegate::protocol {

constexpr std::string_view kHigh =
    R"("chat_template_kwargs":{"thinking":true,"reasoning_effort":"high"})";

const DialectTable kVllm = {
    .name = "vllm",
    .paths = {"/chat/completions", "", "", "/embeddings", "/completions"},
    .top_k = true,
    .prefix = {.members = R"("continue_final_message":true,"add_generation_prompt":false)"},
    // It reads and writes `reasoning`; an incoming reasoning_content is dropped (2.1, row 23).
    .reasoning_field = "reasoning",
    .thinking = {"", R"("chat_template_kwargs":{"thinking":false})", kHigh, kHigh, kHigh,
                 R"("chat_template_kwargs":{"thinking":true,"reasoning_effort":"max"})"},
};

}  // namespace tidegate::protocol
