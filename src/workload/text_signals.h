// Signals of planning in a text: words, file names, numbered steps. One bounded scan of raw JSON
// string contents, several bytes per cycle. Used by workload.cpp. Pure function, any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "workload/signal_places.h"

namespace tidegate::workload {

struct TextSignals {
  std::uint32_t planning_words = 0;  // distinct ideas (plan, architect, ...), English and Chinese
  std::uint32_t files = 0;           // distinct file names, counted up to 16
  std::uint32_t steps = 0;           // lines that begin with "1." or "2)"

  bool operator==(const TextSignals&) const = default;
};

// Looks at the first and the last 8 KiB of a longer text. What is found does not depend on the
// sieve, if that leaves out no place; tests choose others.
[[nodiscard]] TextSignals find_signals(std::string_view raw, Sieve sieve = mark_places);

}  // namespace tidegate::workload
