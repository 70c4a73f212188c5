// HeadMemo: the last request heads that a worker has parsed. A client sends the same head again and
// again, but for the digits of its Content-Length; comparing it costs a twentieth of parsing it.
// Equal bytes parse equally, so nothing is trusted that was not checked. One per worker.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/head.h"

namespace tidegate::http {

class HeadMemo {
 public:
  // True: `head` is what parse_request_head() would make of `bytes`. Its `shape` is the same for
  // all heads that differ in the Content-Length's digits alone.
  [[nodiscard]] bool recall(std::string_view bytes, RequestHead& head) const;
  // `head` was parsed from `bytes`.
  void remember(std::string_view bytes, const RequestHead& head);

 private:
  static constexpr std::size_t kEntries = 8;
  static constexpr std::size_t kMostBytes = 2048;
  // Heads that never come twice (an id of its own in each) shall not pay for being remembered.
  static constexpr std::uint32_t kEach = 4;

  struct Entry {
    std::string bytes;
    RequestHead head;              // of `bytes`
    std::size_t digits_begin = 0;  // of the Content-Length; both are the end if there is none
    std::size_t digits_end = 0;
  };
  std::array<Entry, kEntries> entries_;
  std::uint32_t asked_ = 0;
  std::uint32_t made_ = 0;
};

}  // namespace tidegate::http
