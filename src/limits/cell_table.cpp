#include "limits/cell_table.h"

#include <bit>
#include <new>

#include "base/hash.h"

namespace tidegate::limits {

CellTable::CellTable(const RateLimits& bounds, const Clock& clock, std::size_t max_waiting,
                     std::size_t max_cells)
    : bounds_(bounds),
      clock_(clock),
      max_waiting_(max_waiting),
      max_cells_(max_cells),
      slot_mask_(std::bit_ceil(max_cells * 2) - 1),  // half of them stay empty, so probes end
      slots_(static_cast<Slot*>(std::calloc(slot_mask_ + 1, sizeof(Slot)))),
      others_(make()) {
  if (slots_ == nullptr) throw std::bad_alloc();
}

std::unique_ptr<RateLimiter> CellTable::make() const {
  return RateLimiter::create(bounds_, clock_, max_waiting_).value();
}

RateLimiter& CellTable::find(std::string_view name) {
  std::size_t slot = hash_bytes(name) & slot_mask_;
  for (;; slot = (slot + 1) & slot_mask_) {
    const Cell* cell = slots_[slot].load(std::memory_order_acquire);
    if (cell == nullptr) return add(name, slot);
    if (cell->name == name) return *cell->limiter;
  }
}

RateLimiter& CellTable::add(std::string_view name, std::size_t slot) {
  const std::lock_guard lock(mutex_);
  // Another thread may have added it, or another name in its place.
  for (;; slot = (slot + 1) & slot_mask_) {
    const Cell* cell = slots_[slot].load(std::memory_order_relaxed);
    if (cell == nullptr) break;
    if (cell->name == name) return *cell->limiter;
  }
  if (cells_.size() >= max_cells_) return *others_;
  Cell& cell = cells_.emplace_back(std::string(name), make());
  slots_[slot].store(&cell, std::memory_order_release);
  return *cell.limiter;
}

std::size_t CellTable::waiting() const {
  const std::lock_guard lock(mutex_);
  std::size_t sum = others_->line().length();
  for (const Cell& cell : cells_) sum += cell.limiter->line().length();
  return sum;
}

}  // namespace tidegate::limits
