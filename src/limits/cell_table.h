// CellTable: the limiters of one rule by name, each made when its name first comes: one for every
// key, tenant or model that the rule is for. Shared by all workers; find() takes no lock.
//
// Names beyond its bound share one limiter: they are limited too hard rather than not at all.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/name_table.h"
#include "tidegate/rate_limiter.h"

namespace tidegate::limits {

// Where cells are shared with other gateways: through whom, and under which name before their
// own.
struct CellSharing {
  Lender* lender = nullptr;  // null: they are not shared
  std::string name;
};

class CellTable {
 public:
  // `bounds` have been checked; `clock` and the lender must outlive the table.
  CellTable(const RateLimits& bounds, const Clock& clock, std::size_t max_waiting,
            std::size_t max_cells, CellSharing sharing = {})
      : cells_(max_cells,
               [bounds, &clock, max_waiting, sharing = std::move(sharing)](std::string_view name) {
                 auto limiter = RateLimiter::create(bounds, clock, max_waiting).value();
                 if (sharing.lender != nullptr) {
                   limiter->share(*sharing.lender, sharing.name + ":" + std::string(name));
                 }
                 return limiter;
               }) {}

  [[nodiscard]] RateLimiter& find(std::string_view name) { return cells_.find(name); }
  [[nodiscard]] std::size_t waiting() const {
    std::size_t sum = 0;
    cells_.for_each([&](RateLimiter& cell) { sum += cell.line().length(); });
    return sum;
  }

 private:
  NameTable<RateLimiter> cells_;
};

}  // namespace tidegate::limits
