// CellTable: the limiters of one rule by name, each made when its name first comes: one for every
// key, tenant or model that the rule is for. Shared by all workers; find() takes no lock and
// allocates nothing for a name that was seen before.
//
// Its number of cells is bounded. Names that come after that share one cell: they are limited too
// hard rather than not at all.
#pragma once

#include <atomic>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "tidegate/rate_limiter.h"

namespace tidegate::limits {

class CellTable {
 public:
  // `bounds` have been checked; `clock` must outlive the table.
  CellTable(const RateLimits& bounds, const Clock& clock, std::size_t max_waiting,
            std::size_t max_cells);

  [[nodiscard]] RateLimiter& find(std::string_view name);
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Cell {
    std::string name;
    std::unique_ptr<RateLimiter> limiter;
  };
  using Slot = std::atomic<Cell*>;
  struct Free {
    void operator()(Slot* slots) const { std::free(slots); }
  };
  RateLimiter& add(std::string_view name, std::size_t slot);
  [[nodiscard]] std::unique_ptr<RateLimiter> make() const;

  const RateLimits bounds_;
  const Clock& clock_;
  const std::size_t max_waiting_, max_cells_;
  std::size_t slot_mask_;
  std::unique_ptr<Slot[], Free> slots_;  // calloc: pages come when they are touched
  mutable std::mutex mutex_;             // taken when a name comes for the first time
  std::deque<Cell> cells_;
  std::unique_ptr<RateLimiter> others_;
};

}  // namespace tidegate::limits
