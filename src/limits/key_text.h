// How a virtual key is written: "sk-tg-" ID "-" SECRET CHECKSUM, for example
//   sk-tg-7f3k9m2qxd-0h2m4r8v1c5z9t3x7b2n6q0w4s44exm5
// ID: 10 characters, the public name of the key; SECRET: 26 characters, 130 random bits; CHECKSUM:
// 6 characters, 30 bits of the CRC-32 of all before them, so that a typo can be told from an
// unknown key without asking anybody. Characters are Crockford's base32, lower case. Other tools
// take what begins with "sk-" for a secret, as they should. Pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tidegate::limits {

inline constexpr std::string_view kKeyPrefix = "sk-tg-";
inline constexpr std::size_t kKeySize = 6 + 10 + 1 + 26 + 6;

// The public name of a key; it stays the same when its secret changes.
class KeyId {
 public:
  static constexpr std::size_t kTextSize = 4 + 10;  // "key_" and the id

  KeyId() = default;
  // "key_7f3k9m2qxd"
  static std::optional<KeyId> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::uint64_t value() const { return value_; }
  bool operator==(const KeyId&) const = default;

 private:
  friend std::optional<KeyId> read_key_text(std::string_view text);
  friend std::optional<KeyId> read_key_id(std::string_view text);
  explicit KeyId(std::uint64_t value) : value_(value) {}
  std::uint64_t value_ = 0;  // 50 bits
};

// A new key with a new id, or a new secret for the same id.
Result<std::string> make_key_text();
Result<std::string> make_key_text(KeyId id);

// The id that a text of a key's size has in its place; nullopt: it has none. Not more is checked.
[[nodiscard]] std::optional<KeyId> read_key_id(std::string_view text);

// nullopt: it is no key, or was mistyped.
[[nodiscard]] std::optional<KeyId> read_key_text(std::string_view text);

}  // namespace tidegate::limits
