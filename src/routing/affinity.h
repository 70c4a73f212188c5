// Which route a task was sent to last, so that it keeps its model (and the provider's prompt
// cache). Shared by all workers: a fixed table of 64-bit atomics, no lock, the last writer wins.
//
// Memory: 512 KiB of address space for 65,536 tasks, touched as tasks arrive. The table is 4-way
// set-associative; a full set drops the task that was silent the longest. An entry holds 28 bits of
// the task's hash beside the 14 that choose its set, so a new task finds the route of another with
// a probability of at most 4 in 2^28 (1 in 67 million); it then keeps a route that the policy might
// not have chosen, and nothing else goes wrong.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/time.h"

namespace tidegate::routing {

// The key of a task: the x-tidegate-task header if there is one, else the fingerprint of the
// conversation's start. Roles of one task stick apart, since a policy may tell them apart.
[[nodiscard]] std::uint64_t task_hash(std::string_view task, std::string_view role,
                                      std::uint64_t fingerprint);

class Affinity {
 public:
  // Times are kept in steps of 4 s and wrap after 48 days; a longer sticky_for counts as 24 days.
  static constexpr Duration kStep = 4s;

  Affinity();

  // Says that find() comes soon: its memory is seldom in a cache, and half a microsecond away.
  void expect(std::uint64_t task) const;
  // The route's hash, never 0; 0: nothing known within `sticky_for`.
  [[nodiscard]] std::uint16_t find(std::uint64_t task, TimePoint now, Duration sticky_for) const;
  // route: not 0.
  // Whether that is news for others who keep such a table: the task is new, has another route, or
  // has not been news for four minutes.
  bool remember(std::uint64_t task, std::uint16_t route, TimePoint now);

 private:
  struct Free {
    void operator()(std::uint64_t* memory) const { std::free(memory); }
  };
  [[nodiscard]] std::uint64_t* set_of(std::uint64_t task) const;

  std::unique_ptr<std::uint64_t[], Free> entries_;  // calloc: pages come when they are touched
};

}  // namespace tidegate::routing
