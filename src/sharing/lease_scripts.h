// What Redis runs for one shared bound: it takes back, gives out and remembers who holds how much.
// Two scripts, one for tokens that come back with time, one for slots that are brought back. The
// server's clock counts; a step back of it makes nothing available, one forward at most a burst.
// Used by Leases. Immutable, any thread.
#pragma once

#include "redis/commands.h"

namespace tidegate::sharing {

// KEYS: the bound (a hash: level, at, and what each gateway holds), the set of gateways.
// ARGV of tokens: 1 our id, 2 tokens per second, 3 capacity, 4 what we hold, 5 given back, 6 owed,
// 7 asked for, 8 needed by one request, 9 the level as we knew it last, 10 when (microseconds of
// the server, 0: never).
// ARGV of slots: 1 our id, 2 capacity, 3 ours, free and in use, 4 asked for, 5 needed.
// Both answer: given, left, microseconds until what is needed is there, others that want some; for
// tokens also the level and its time.
const redis::Script& tokens_script();
const redis::Script& slots_script();

}  // namespace tidegate::sharing
