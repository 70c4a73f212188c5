// Identity of one request: 128 bits, sortable by time (48 bits of milliseconds, then random).
// It is the x-request-id header and the key of the ledger's records. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace tidegate {

class RequestId {
 public:
  static constexpr std::size_t kTextSize = 4 + 26;  // "req_" + Crockford base32

  RequestId() = default;
  static RequestId make(WallTime now);

  // Writes exactly kTextSize characters, no terminator.
  void write(char* out) const;
  [[nodiscard]] std::array<char, kTextSize> text() const;
  // False if `text` is not an id that write() could have made.
  static bool parse(std::string_view text, RequestId& out);

  [[nodiscard]] std::uint64_t high() const { return high_; }
  [[nodiscard]] std::uint64_t low() const { return low_; }
  static RequestId from(std::uint64_t high, std::uint64_t low);
  bool operator==(const RequestId&) const = default;

 private:
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

}  // namespace tidegate
