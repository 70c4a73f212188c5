#include "ledger/intake.h"

#include <thread>

namespace tidegate::ledger {
namespace {

// The slot that a thread tries first; the same in every intake.
std::size_t first_slot() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}  // namespace

Intake::Intake() {
  for (Slot& slot : slots_) {
    slot.owned = std::make_unique<SegmentBuilder>();
    slot.builder.store(slot.owned.get(), std::memory_order_relaxed);
  }
}

Intake::Added Intake::add(const UsageRecord& record) {
  std::size_t at = first_slot() % kSlots;
  SegmentBuilder* builder = nullptr;
  while ((builder = slots_[at].builder.exchange(nullptr, std::memory_order_acquire)) == nullptr) {
    at = (at + 1) % kSlots;
  }
  const std::uint64_t bit = std::uint64_t{1} << at;
  if ((touched_.load(std::memory_order_relaxed) & bit) == 0) touched_.fetch_or(bit);
  builder->add(record);
  const bool full = builder->count() == kFull;
  // Sequentially consistent, as in fall_asleep(): either the taker sees this record, or this thread
  // sees that the taker sleeps.
  slots_[at].builder.store(builder);
  if (asleep_.load() && asleep_.exchange(false)) return Added::first;
  return full ? Added::full : Added::quietly;
}

bool Intake::fall_asleep() {
  asleep_.store(true);
  bool empty = true;
  take([&](const SegmentBuilder&) { empty = false; });
  if (!empty) wake_up();
  return empty;
}

// A worker writes for less than a microsecond, unless it was interrupted; then this thread must
// leave it the processor.
SegmentBuilder* Intake::seize(Slot& slot) {
  for (;;) {
    SegmentBuilder* const builder = slot.builder.exchange(nullptr, std::memory_order_acquire);
    if (builder != nullptr) return builder;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

}  // namespace tidegate::ledger
