// A source that an answer cites, in the words of the client's surface. Used by the encoders, and by
// AnswerPass to say what a client is not told. Pure function.
#pragma once

#include <string>

#include "protocol/surface.h"
#include "translation/event.h"

namespace tidegate::translation {

// The JSON value that says `citation` (an event of that kind) to a client of `surface`; empty where
// it has no words for it. Chat Completions and Responses cite a web page by the same members, the
// first in an object of its own. Messages asks for a proof of its own making (`encrypted_index`)
// with each page, so it is told no other surface's.
[[nodiscard]] std::string citation_for(Surface surface, const Event& citation);

}  // namespace tidegate::translation
