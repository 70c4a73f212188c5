// Reads one element of a chat message's content array. Used by chat_messages.cpp alone.
#pragma once

#include "translation/chat_walk.h"

namespace tidegate::translation {

// Fills `part`, whose `place` must be set; it tells the path of a refusal. Reasoning that stands
// among the content comes out as a reasoning part (Roo Code #12196, Envoy AI Gateway).
bool read_chat_part(Walk& walk, Part& part);

// Takes a proof from the client into the part: our own envelope is opened, another's is kept under
// the seal that it must have here.
void take_proof(Request& request, Part& part, std::string_view proof, Seal otherwise);

// "data:image/png;base64,...", raw: into media_type and data; anything else is a URL.
void take_url(Part& part, std::string_view url);

}  // namespace tidegate::translation
