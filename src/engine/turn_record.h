// Writing down turns and calls: into the journal for a later process, and into the conversation's
// memory for a later attempt of this one. Used by the loop of turns, on its loop.
#pragma once

#include <cstdint>

#include "engine/conversation.h"

namespace tidegate::engine {

// `results` null: they are not there yet.
void record_turn(Conversation& conversation, std::uint32_t number, Bytes answer, Bytes results);
// `call` but for its run and task.
void record_call(Conversation& conversation, SetToolCall call);

}  // namespace tidegate::engine
