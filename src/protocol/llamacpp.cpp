// llama.cpp's server.
#include "protocol/dialect.h"

namespace tidegate::protocol {

constexpr std::string_view kOn = R"("chat_template_kwargs":{"enable_thinking":true})";

const DialectTable kLlamaCpp = {
    .name = "llamacpp",
    .paths = {"/chat/completions", "", "", "/embeddings", "/completions"},
    .top_k = true,
    .prefix = {.unmarked = true},  // and refused while the model thinks
    .reasoning_field = "reasoning_content",
    .thinking = {"", R"("chat_template_kwargs":{"enable_thinking":false})", kOn, kOn, kOn, kOn},
};

}  // namespace tidegate::protocol
