// Reads a provider's stream of Responses events. One per stream, one worker.
//
// There is no "[DONE]": the stream is complete when response.completed or response.incomplete came.
// Encrypted reasoning is taken from response.output_item.done, where alone it is whole.
#pragma once

#include <memory>

#include "translation/codec.h"

namespace tidegate::translation {

std::unique_ptr<StreamDecoder> make_responses_decoder(const protocol::DialectTable& dialect);

}  // namespace tidegate::translation
