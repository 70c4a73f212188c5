// Reads the body of POST /v1/chat/completions. Pure function, any thread.
//
// Taken: what OpenAI documents, with the older forms (functions, function_call), and what DeepSeek,
// Kimi, vLLM, OpenRouter and Qwen add for reasoning. Refused: what no other surface could answer
// (n above 1), wrong types, tool results without a call, calls without a result, ids given twice.
#pragma once

#include "translation/codec.h"

namespace tidegate::translation {

Result<Request> read_chat_request(std::string_view body);

}  // namespace tidegate::translation
