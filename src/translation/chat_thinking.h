// Reads how much a chat request wants the model to think, in the words of the providers: thinking
// and reasoning_effort (DeepSeek, OpenAI, Kimi), reasoning (OpenRouter), chat_template_kwargs
// (vLLM, SGLang, llama.cpp), enable_thinking (Qwen). Used by chat_request.cpp alone.
#pragma once

#include "translation/chat_walk.h"

namespace tidegate::translation {

[[nodiscard]] bool is_chat_thinking(std::string_view key);
bool read_chat_thinking(Walk& walk, std::string_view key);

// Of chat_template_kwargs: whether it is about thinking.
[[nodiscard]] bool is_thinking_kwarg(std::string_view key);

}  // namespace tidegate::translation
