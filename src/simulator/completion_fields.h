// The members that a whole answer and the events of a stream have in common.
// Used by completion.cpp and stream.cpp only. Pure functions, any thread.
#pragma once

#include <string_view>

#include "base/time.h"
#include "json/writer.h"
#include "simulator/answer.h"

namespace tidegate::simulator {

// id, object, created, model, system_fingerprint.
void write_head(json::Writer& json, const Answer& answer, std::string_view object,
                WallTime created);
// "usage":{...} with the counts under the provider's names.
void write_usage(json::Writer& json, const Answer& answer);

}  // namespace tidegate::simulator
