// Intake: where workers write their records, each into a segment of its own while what it writes
// is still in the cache, and whence the ledger's writer takes the segments as they are.
// add() from any thread, without a lock; the rest from one thread, the taker.
//
// A slot's builder belongs to whoever has exchanged it for null. A worker that finds its slot empty
// (the taker is at it, or a thread with the same slot) goes on to the next; there are more slots
// than threads, so that it never waits.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>

#include "ledger/segment.h"
#include "ledger/usage_record.h"

namespace tidegate::ledger {

class Intake {
 public:
  Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  enum class Added : std::uint8_t {
    quietly,
    first,  // while the taker slept: the caller must wake it
    full,   // the segment has kFull records: the taker should come early
  };
  static constexpr std::int64_t kFull = 4096;
  [[nodiscard]] Added add(const UsageRecord& record);

  // Marks the taker as asleep; false when records came in between.
  [[nodiscard]] bool fall_asleep();
  void wake_up() { asleep_.store(false, std::memory_order_relaxed); }

  // Calls `each` with every builder that has records. Waits for one that a worker is writing to.
  template <class Each>
  void take(Each&& each) {
    for (std::uint64_t left = touched_.load(); left != 0; left &= left - 1) {
      Slot& slot = slots_[static_cast<std::size_t>(std::countr_zero(left))];
      SegmentBuilder* const builder = seize(slot);
      if (builder->count() > 0) each(*builder);
      slot.builder.store(builder, std::memory_order_release);
    }
  }

 private:
  static constexpr std::size_t kSlots = 64;  // as many as touched_ has bits
  struct Slot {
    alignas(64) std::atomic<SegmentBuilder*> builder;  // null: somebody is at it
    std::unique_ptr<SegmentBuilder> owned;
  };

  static SegmentBuilder* seize(Slot& slot);

  std::array<Slot, kSlots> slots_;
  alignas(64) std::atomic<std::uint64_t> touched_{0};  // slots that ever had a record
  alignas(64) std::atomic<bool> asleep_ = false;
};

}  // namespace tidegate::ledger
