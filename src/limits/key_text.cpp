#include "limits/key_text.h"

#include <algorithm>

#include "base/random.h"

namespace tidegate::limits {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view kIdPrefix = "key_";
constexpr std::size_t kIdSize = 10;
constexpr std::size_t kSecretSize = 26;
constexpr std::size_t kSumSize = 6;
constexpr std::uint8_t kNone = 0xff;

constexpr auto kValues = [] {
  std::array<std::uint8_t, 256> values;
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

// Of IEEE 802.3, by the byte.
constexpr auto kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
    table[i] = crc;
  }
  return table;
}();

std::uint64_t checksum(std::string_view text) {
  std::uint32_t crc = ~0u;
  for (const char c : text)
    crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc & 0x3fff'ffffu;
}

void append_base32(std::string& out, std::uint64_t value, std::size_t characters) {
  for (std::size_t i = characters; i-- > 0;) out.push_back(kAlphabet[value >> (5 * i) & 31]);
}

// nullopt: a character that is none of ours.
std::optional<std::uint64_t> read_base32(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    const std::uint8_t digit = kValues[static_cast<unsigned char>(c)];
    if (digit == kNone) return std::nullopt;
    value = value << 5 | digit;
  }
  return value;
}

}  // namespace

std::optional<KeyId> KeyId::parse(std::string_view text) {
  if (text.size() != kTextSize || !text.starts_with(kIdPrefix)) return std::nullopt;
  const auto value = read_base32(text.substr(kIdPrefix.size()));
  if (!value) return std::nullopt;
  return KeyId(*value);
}

std::string KeyId::text() const {
  std::string out(kIdPrefix);
  append_base32(out, value_, kIdSize);
  return out;
}

Result<std::string> make_key_text(KeyId id) {
  std::array<std::uint8_t, kSecretSize> random;
  if (auto filled = fill_with_secret_bytes(random); !filled) return std::unexpected(filled.error());
  std::string text(kKeyPrefix);
  append_base32(text, id.value(), kIdSize);
  text.push_back('-');
  for (const std::uint8_t byte : random) text.push_back(kAlphabet[byte & 31]);
  append_base32(text, checksum(text), kSumSize);
  return text;
}

Result<std::string> make_key_text() {
  std::array<std::uint8_t, kIdSize> random;
  if (auto filled = fill_with_secret_bytes(random); !filled) return std::unexpected(filled.error());
  std::string id(kIdPrefix);
  for (const std::uint8_t byte : random) id.push_back(kAlphabet[byte & 31]);
  return make_key_text(*KeyId::parse(id));
}

std::optional<KeyId> read_key_id(std::string_view text) {
  if (text.size() != kKeySize) return std::nullopt;
  const auto id = read_base32(text.substr(kKeyPrefix.size(), kIdSize));
  if (!id) return std::nullopt;
  return KeyId(*id);
}

std::optional<KeyId> read_key_text(std::string_view text) {
  if (text.size() != kKeySize || !text.starts_with(kKeyPrefix)) return std::nullopt;
  const std::size_t dash = kKeyPrefix.size() + kIdSize;
  if (text[dash] != '-') return std::nullopt;
  const auto id = read_base32(text.substr(kKeyPrefix.size(), kIdSize));
  const auto sum = read_base32(text.substr(kKeySize - kSumSize));
  const bool secret = std::ranges::all_of(text.substr(dash + 1, kSecretSize), [](char c) {
    return kValues[static_cast<unsigned char>(c)] != kNone;
  });
  if (!id || !sum || !secret || *sum != checksum(text.substr(0, kKeySize - kSumSize))) {
    return std::nullopt;
  }
  return KeyId(*id);
}

}  // namespace tidegate::limits
