// What another gateway remembers of a conversation's reasoning, for a request that needs it where
// this one does not know it. Used by an attempt, on the request's worker.
#pragma once

#include "gateway/walk.h"

namespace tidegate::gateway {

// Asks for what is in `unknown`, which is empty then, and waits for the answer as long as a round
// trip to the server of sharing/ may take. True: something was found, and this gateway knows it
// from now on. At once false where nothing is unknown, the server is away or the client has gone.
Task<bool> recall_elsewhere(Walk& walk, translation::ReasoningMemory::Unknown& unknown);

}  // namespace tidegate::gateway
