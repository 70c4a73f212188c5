// OwnLimits: the limiters of virtual keys with limits of their own, each made with the key's first
// request and kept while the process lives: what a key may do does not change.
// One per process; any thread.
#pragma once

#include <memory>
#include <mutex>

#include "base/name_table.h"
#include "limits/key_table.h"
#include "tidegate/rate_limiter.h"

namespace tidegate::limits {

class OwnLimits {
 public:
  // `clock` must outlive it.
  explicit OwnLimits(const Clock& clock)
      : clock_(clock), keys_(kMostKeys, [](std::string_view) { return std::make_unique<Own>(); }) {}

  // The key has limits of its own.
  [[nodiscard]] RateLimiter& of(const KeyEntry& key) {
    Own& own = keys_.find(key.id_text);
    std::call_once(own.made, [&] {
      // They were checked when the key was made.
      own.limiter = RateLimiter::create(key.own->limits, clock_).value();
    });
    return *own.limiter;
  }

 private:
  // Of those that come after so many, the first one's limits hold for all together.
  static constexpr std::size_t kMostKeys = 262'144;
  struct Own {
    std::once_flag made;
    std::unique_ptr<RateLimiter> limiter;
  };
  const Clock& clock_;
  NameTable<Own> keys_;
};

}  // namespace tidegate::limits
