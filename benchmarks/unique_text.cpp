#include "unique_text.h"

#include <random>

namespace tidegate::bench {
namespace {

std::uint64_t random_number() {
  static std::mt19937_64 random(std::random_device{}());
  return random();
}

}  // namespace

UniqueText::UniqueText(std::string text) : text_(std::move(text)) {
  for (auto at = text_.find(kNumberHere); at != std::string::npos;
       at = text_.find(kNumberHere, at + kNumberHere.size())) {
    places_.push_back(at);
  }
  renew();
}

void UniqueText::renew() {
  for (const std::size_t place : places_) {
    std::uint64_t number = random_number();
    for (std::size_t i = 0; i < kNumberHere.size(); ++i, number >>= 4) {
      text_[place + i] = "0123456789abcdef"[number & 15];
    }
  }
}

}  // namespace tidegate::bench
