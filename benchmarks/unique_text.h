// UniqueText: a text with places for numbers, which can be given new ones. What a request or an
// answer carries there makes it differ from all others. One owner, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::bench {

// Sixteen bytes that a template holds where a number shall be.
inline constexpr std::string_view kNumberHere = "@@@@@@@@@@@@@@@@";

class UniqueText {
 public:
  explicit UniqueText(std::string text);
  // Puts new random hexadecimal digits into every place.
  void renew();
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<std::size_t> places_;
};

}  // namespace tidegate::bench
