// Letters and digits at random, the same for the same seed: no text of a model takes as much room
// when it is deflated. For tests and benchmarks, from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace tidegate {

inline std::string random_text(std::size_t size, std::uint32_t seed = 1) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  std::minstd_rand random(seed);
  std::string text(size, ' ');
  for (char& letter : text) letter = kLetters[random() % kLetters.size()];
  return text;
}

}  // namespace tidegate
