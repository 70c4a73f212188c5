#include "base/request_id.h"

#include <cstring>

#include "base/random.h"

namespace tidegate {
namespace {

constexpr std::string_view kPrefix = "req_";
constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford's base32
constexpr std::size_t kDigits = 26;

// Two digits at a time.
constexpr auto kPairs = [] {
  std::array<std::array<char, 2>, 1024> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kAlphabet[i >> 5], kAlphabet[i & 31]};
  return pairs;
}();

constexpr std::uint8_t kNoDigit = 0xff;
constexpr auto kDigitOf = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNoDigit);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

}  // namespace

RequestId RequestId::make(WallTime now) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch());
  const auto millis = static_cast<std::uint64_t>(since_epoch.count());
  return from(millis << 16 | (random_u64() & 0xffff), random_u64());
}

RequestId RequestId::from(std::uint64_t high, std::uint64_t low) {
  RequestId id;
  id.high_ = high;
  id.low_ = low;
  return id;
}

void RequestId::write(char* out) const {
  std::memcpy(out, kPrefix.data(), kPrefix.size());
  out += kPrefix.size();
  // The low 60 bits are 12 digits, the 68 above them 14.
  const auto write_pairs = [out](std::size_t end, std::size_t count, std::uint64_t bits) {
    for (; count > 0; --count, bits >>= 10) {
      end -= 2;
      std::memcpy(out + end, kPairs[bits & 1023].data(), 2);
    }
  };
  write_pairs(kDigits, 6, low_);
  write_pairs(kDigits - 12, 6, high_ << 4 | low_ >> 60);
  write_pairs(2, 1, high_ >> 56);
}

std::array<char, RequestId::kTextSize> RequestId::text() const {
  std::array<char, kTextSize> out;
  write(out.data());
  return out;
}

bool RequestId::parse(std::string_view text, RequestId& out) {
  if (text.size() != kTextSize || !text.starts_with(kPrefix)) return false;
  text.remove_prefix(kPrefix.size());
  unsigned __int128 bits = 0;
  for (const char c : text) {
    const std::uint8_t digit = kDigitOf[static_cast<std::uint8_t>(c)];
    if (digit == kNoDigit) return false;
    bits = bits << 5 | digit;
  }
  // 26 digits hold 130 bits; the first has only three of its own.
  if (kDigitOf[static_cast<std::uint8_t>(text.front())] > 7) return false;
  out = from(static_cast<std::uint64_t>(bits >> 64), static_cast<std::uint64_t>(bits));
  return true;
}

}  // namespace tidegate
