// What whole answers and the events of streams have in common.
// Used by completion.cpp, stream.cpp and completions.cpp only. Pure functions, any thread.
#pragma once

#include <string_view>

#include "base/time.h"
#include "json/writer.h"
#include "simulator/answer.h"

namespace tidegate::simulator {

// Where a stream reports its usage.
struct UsagePlace {
  bool last_chunk = false;  // beside finish_reason
  bool own_chunk = false;   // behind it, with no choices
};
[[nodiscard]] UsagePlace place_usage(Provider provider, bool include_usage, FaultKind fault);

// id, object, created, model, system_fingerprint.
void write_head(json::Writer& json, const Answer& answer, std::string_view object,
                WallTime created);
// The reasoning of an answer, or a piece of it, under the provider's names.
void write_reasoning(json::Writer& json, const Answer& answer, std::string_view text);
// OpenRouter's reasoning_details of a whole answer's reasoning, or of `text` as a piece of it.
// `last`: what proves it stands there too.
void write_reasoning_details(json::Writer& json, const Answer& answer, std::string_view text,
                             bool last);
// What Gemini hangs on the first tool call of an answer.
void write_signature(json::Writer& json, const Answer& answer);
// "usage":{...} with the counts under the provider's names.
void write_usage(json::Writer& json, const Answer& answer);

}  // namespace tidegate::simulator
