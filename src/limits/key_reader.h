// KeyReader: a worker's view of the virtual keys: the table in force, fetched anew when a key has
// changed. One per worker, never shared.
#pragma once

#include <cstdint>
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
  const KeyRing& ring_;
  std::uint64_t version_;
  std::shared_ptr<const KeyTable> table_;
};

}  // namespace tidegate::limits
