// Writes a client's stream of chat.completion.chunk events, as OpenAI sends them. One per stream,
// one thread.
#pragma once

#include "translation/codec.h"

namespace tidegate::translation {

std::unique_ptr<StreamEncoder> chat_stream_encoder(AnswerContext context);

}  // namespace tidegate::translation
