// KeyReader: a worker's view of the virtual keys: the table in force, and the keys that were
// checked last, since clients come again. One per worker, never shared.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "limits/key_ring.h"

namespace tidegate::limits {

class KeyReader {
 public:
  explicit KeyReader(const KeyRing& ring);

  // Budget with check(): 1,000 instructions a request for a key that was seen before.
  [[nodiscard]] bool any() const { return ring_.any(); }
  // What it points into lives as long as table(), which this call may change.
  Verdict check(std::string_view text, WallTime now);
  [[nodiscard]] const std::shared_ptr<const KeyTable>& table() const { return table_; }

 private:
  // Only keys that are good are kept, so nobody can push them out by sending bad ones.
  struct Seen {
    std::array<char, kKeySize> text{};
    const KeyEntry* key = nullptr;
    WallTime good_until{};
  };
  static constexpr std::size_t kSeen = 64;

  void refresh();

  const KeyRing& ring_;
  std::uint64_t version_;
  std::shared_ptr<const KeyTable> table_;
  std::uint64_t seed_;
  std::array<Seen, kSeen> seen_;  // by a hash of the text
};

}  // namespace tidegate::limits
