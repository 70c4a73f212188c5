// KeyReader: a worker's view of the virtual keys: the table in force, fetched anew when a key has
// changed. One per worker, never shared.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "limits/key_ring.h"

namespace tidegate::limits {

class KeyReader {
 public:
  explicit KeyReader(const KeyRing& ring);

  // Budget of a request: 1,000 instructions for a key that was seen before, 50 if its head was.
  [[nodiscard]] bool any() const { return ring_.any(); }
  // `head`: of the request that the text comes in, http::RequestHead::shape: not 0: heads with the
  // same number hold the same text. What the verdict points into lives as long as table(), which
  // these calls may change.
  Verdict check(std::string_view text, WallTime now, std::uint32_t head = 0);
  // The key that check() found good in this head and that still is; null: look into the head.
  const KeyEntry* recall(std::uint32_t head, WallTime now);
  [[nodiscard]] const std::shared_ptr<const KeyTable>& table() const { return table_; }

 private:
  struct Known {
    std::uint32_t head = 0;
    const KeyEntry* key = nullptr;
    WallTime good_until;
  };
  void look();

  const KeyRing& ring_;
  std::uint64_t version_;
  std::shared_ptr<const KeyTable> table_;
  std::array<Known, 8> known_;  // by head; views into table_
};

}  // namespace tidegate::limits
