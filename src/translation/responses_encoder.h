// Writes answers for clients of the Responses surface, as a stream of events or as a whole. One per
// answer, one worker.
//
// The last event of a stream repeats the whole answer, and so do the events that end each item: the
// format needs what was said kept until then. It is kept once, as the very JSON of the items, and
// an answer of more than kMostAnswerBytes is ended as failed.
#pragma once

#include <memory>

#include "translation/codec.h"

namespace tidegate::translation {

inline constexpr std::size_t kMostAnswerBytes = std::size_t{64} << 20;

std::unique_ptr<StreamEncoder> make_responses_stream_encoder(AnswerContext context);
// Writes at `done` or at an error.
std::unique_ptr<StreamEncoder> make_responses_answer_encoder(AnswerContext context);

}  // namespace tidegate::translation
