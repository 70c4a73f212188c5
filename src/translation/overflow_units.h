// Units: the messages of an outline in stretches that stay or go as a whole. For overflow.cpp and
// its test. Pure function, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "translation/outline.h"

namespace tidegate::translation {

struct Unit {
  std::uint32_t first = 0, end = 0;  // of Outline::items, half-open
  bool user = false;                 // holds a user message
  bool assistant = false;
  bool results = false;
  bool kept = false;  // must stay
  bool sealed = false;

  void take(const Unit& next);
};

// In order, without gaps: a user message; an assistant's step with all results of its calls; a
// whole turn of the assistant where it holds sealed reasoning. The turn that is still open is in
// steps all the same: an agent's may be the whole session, and what providers check of it is that
// each step that is left comes back as it was.
[[nodiscard]] std::vector<Unit> units_of(const Outline& outline);

}  // namespace tidegate::translation
