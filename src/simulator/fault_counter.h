// FaultCounter: how many requests of one scope have asked for one list of faults, so that "500*2"
// fails twice and then works. Forgets the scopes used longest ago. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "base/hash.h"
#include "simulator/lru.h"

namespace tidegate::simulator {

class FaultCounter {
 public:
  static constexpr std::size_t kScopes = 10'000;

  // How many requests of this scope asked for `faults` before this one.
  unsigned count(std::string_view scope, std::string_view faults) {
    const std::lock_guard lock(mutex_);
    return counts_.get(hash_bytes(faults, hash_bytes(scope)), 0)++;
  }

  void reset() {
    const std::lock_guard lock(mutex_);
    counts_.clear();
  }

 private:
  std::mutex mutex_;  // a retry may come over another worker's connection
  LruMap<unsigned> counts_{kScopes};
};

}  // namespace tidegate::simulator
