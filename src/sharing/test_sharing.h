// For tests of sharing: what every gateway of them needs.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "telemetry/log.h"

namespace tidegate::sharing {

inline std::unique_ptr<telemetry::Log> silent_log(const Clock& clock) {
  telemetry::LogOptions options;
  options.path = "/dev/null";
  return *telemetry::Log::open(options, clock);
}

// Within ten seconds.
inline bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 1000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

}  // namespace tidegate::sharing
