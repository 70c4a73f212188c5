// The one-line reason of a decision, written without allocation into a buffer of its own.
// It is sent as the header x-tidegate-reason, so it holds printable ASCII alone: any other byte of
// an appended text becomes '?', and what does not fit is left out. A plain value.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tidegate::routing {

class Reason {
 public:
  static constexpr std::size_t kMaxBytes = 200;

  Reason& add(std::string_view text);
  Reason& add(std::int64_t number);
  Reason& add(double number);  // two decimals

  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, kMaxBytes> text_;  // the first size_ are set
  std::uint8_t size_ = 0;
};

}  // namespace tidegate::routing
