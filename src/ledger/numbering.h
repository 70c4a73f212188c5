// Numbering: gives each different key the next number from 0, and keeps the keys in that order.
// Reports number tasks and groups with it, a hundred thousand of each in a month. One per report.
// A table of slots, at most half full, beside a vector: no allocation per key, and a look is mostly
// one cache line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <utility>
#include <vector>

namespace tidegate::ledger {

// `Hash` gives 64 bits, of which the lower half must be good alone.
template <class Key, class Hash>
class Numbering {
 public:
  explicit Numbering(std::pmr::memory_resource* memory)
      : keys_(memory), slots_(kFirstSlots, memory) {}

  // Of the key, which is new if this is size() of before. `like` compares to a Key; make() gives
  // the Key to keep.
  template <class Like, class Make>
  std::uint32_t number(const Like& like, Make make) {
    const auto hash = static_cast<std::uint32_t>(Hash{}(like));
    std::size_t at = hash & (slots_.size() - 1);
    for (; slots_[at].next != 0; at = (at + 1) & (slots_.size() - 1)) {
      const std::uint32_t number = slots_[at].next - 1;
      if (slots_[at].hash == hash && keys_[number] == like) return number;
    }
    keys_.emplace_back(make());
    slots_[at] = {hash, size()};
    if (keys_.size() * 2 > slots_.size()) grow();
    return size() - 1;
  }
  std::uint32_t number(const Key& key) {
    return number(key, [&] { return key; });
  }

  // `like` will be asked for shortly: its slot may come from memory meanwhile.
  template <class Like>
  void expect(const Like& like) const {
    __builtin_prefetch(&slots_[Hash{}(like) & (slots_.size() - 1)]);
  }

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(keys_.size()); }
  [[nodiscard]] const Key& operator[](std::uint32_t number) const { return keys_[number]; }

 private:
  static constexpr std::size_t kFirstSlots = 64;  // a power of two
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t next = 0;  // the key's number + 1; 0: free
  };

  void grow() {
    std::pmr::vector<Slot> larger(slots_.size() * 4, slots_.get_allocator());
    for (const Slot& slot : slots_) {
      if (slot.next == 0) continue;
      std::size_t at = slot.hash & (larger.size() - 1);
      while (larger[at].next != 0) at = (at + 1) & (larger.size() - 1);
      larger[at] = slot;
    }
    slots_ = std::move(larger);
  }

  std::pmr::vector<Key> keys_;
  std::pmr::vector<Slot> slots_;
};

}  // namespace tidegate::ledger
