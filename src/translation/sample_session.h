// Conversations of every kind that clients send, drawn at random: system prompts in the middle,
// sealed reasoning, parallel calls, ids that come again, text beside results, long tool loops.
// For the property tests of what is left out of a prompt. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/surface.h"

namespace tidegate::translation {

using protocol::Surface;

struct SampleMessage {
  std::string json;
  char speaker = 'u';  // s, u, a, r
  std::vector<std::string> made, answered;
  int turn = 0;
  int step = 0;  // of the session's; 0: the message belongs to none
  bool sealed = false;
  bool thought = false;  // an item of its own that must stand before another of the same step
};

[[nodiscard]] std::vector<SampleMessage> sample_session(Surface surface, unsigned seed);

// A request with these messages.
[[nodiscard]] std::string sample_body(Surface surface, const std::vector<std::string>& messages);

}  // namespace tidegate::translation
