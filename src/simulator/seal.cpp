#include "simulator/seal.h"

#include <array>

#include "base/base64.h"
#include "base/hash.h"

namespace tidegate::simulator {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kHashBytes = 16;

// Only what base64() writes is read, so that no changed character goes unseen.
std::optional<std::string> decode(std::string_view text) {
  std::string out;
  std::uint32_t word = 0;
  unsigned bits = 0;
  for (const char c : text.substr(0, text.find('='))) {
    const std::size_t digit = kDigits.find(c);
    if (digit == kDigits.npos) return std::nullopt;
    word = word << 6 | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<char>(word >> bits & 0xFF));
  }
  if (base64(out) != text) return std::nullopt;
  return out;
}

std::string keyed_hash(std::string_view prefix, std::string_view model, std::string_view shown,
                       std::string_view hidden) {
  std::string out;
  for (const std::string_view key : {"tide", "gate"}) {
    std::uint64_t hash = hash_bytes(key, 0x51'AA'7E);
    for (const std::string_view part : {prefix, model, shown, hidden}) {
      hash = hash_bytes(part, hash + part.size());
    }
    for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(hash >> shift));
  }
  return out;
}

}  // namespace

std::string seal(std::string_view prefix, std::string_view model, std::string_view shown,
                 std::string_view hidden) {
  std::string bytes = keyed_hash(prefix, model, shown, hidden);
  bytes += hidden;
  return std::string(prefix) + base64(bytes);
}

std::optional<std::string> open_seal(std::string_view prefix, std::string_view model,
                                     std::string_view shown, std::string_view sealed) {
  if (!sealed.starts_with(prefix)) return std::nullopt;
  const auto bytes = decode(sealed.substr(prefix.size()));
  if (!bytes || bytes->size() < kHashBytes) return std::nullopt;
  std::string hidden = bytes->substr(kHashBytes);
  if (bytes->substr(0, kHashBytes) != keyed_hash(prefix, model, shown, hidden)) return std::nullopt;
  return hidden;
}

}  // namespace tidegate::simulator
