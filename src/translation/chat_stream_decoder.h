// Reads a provider's stream of chat.completion.chunk events. One per stream, one thread.
#pragma once

#include "translation/codec.h"

namespace tidegate::translation {

std::unique_ptr<StreamDecoder> chat_stream_decoder(const protocol::DialectTable& dialect);

}  // namespace tidegate::translation
