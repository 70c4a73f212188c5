#include "protocol/scrub.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tidegate::protocol {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::size_t kShortestKey = 8;
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
constexpr std::array<std::string_view, 8> kKeyPrefixes = {"sk-",  "sk_", "AIza",   "gsk_",
                                                          "xai-", "hf_", "nvapi-", "pk-"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Bytes of the text's first token character; 0 when it does not begin with one.
std::size_t token_character(std::string_view text) {
  if (text.empty()) return 0;
  if (is_alnum(text[0]) || std::string_view("-_*.").contains(text[0])) return 1;
  return text.starts_with(kEllipsis) ? kEllipsis.size() : 0;
}

bool ends_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         equals_ignoring_case(text.substr(text.size() - word.size()), word);
}

std::string_view without_trailing(std::string_view text, std::string_view characters) {
  while (!text.empty() && characters.contains(text.back())) text.remove_suffix(1);
  return text;
}

// "Bearer " or "api key: ", "key provided=", "key\": \"" at the end of `before`.
bool is_announced(std::string_view before) {
  const std::string_view label = without_trailing(before, " \"'`\\");
  if (label.size() < before.size() && ends_with_word(label, "bearer")) return true;
  if (label.empty() || (label.back() != ':' && label.back() != '=')) return false;
  const std::string_view named = without_trailing(label, ":= \"'`\\");
  return ends_with_word(named, "key") || ends_with_word(named, "key provided");
}

bool is_key(std::string_view token, std::string_view before) {
  if (std::ranges::none_of(token, is_alnum)) return false;
  if (token.contains(kMask)) return true;
  if (token.size() < kShortestKey) return false;
  if (std::ranges::any_of(kKeyPrefixes, [&](auto prefix) { return token.starts_with(prefix); }))
    return true;
  const bool looks_random = token.size() >= 16 || std::ranges::any_of(token, is_digit);
  return looks_random && is_announced(before);
}

// Calls on_key(begin, end) for each key in the text, front to back. A known secret takes the token
// characters around it along, so that what is left cannot read as a masked key.
template <class OnKey>
void find_keys(std::string_view text, std::string_view secret, OnKey&& on_key) {
  if (secret.size() < kShortestKey) secret = {};  // "none", "EMPTY": a word, not a secret
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at;
    bool has_secret = false;
    for (;;) {
      const std::string_view rest = text.substr(end);
      const bool is_secret = !secret.empty() && rest.starts_with(secret);
      const std::size_t size = is_secret ? secret.size() : token_character(rest);
      if (size == 0) break;
      has_secret |= is_secret;
      end += size;
    }
    const std::string_view token = without_trailing(text.substr(at, end - at), ".");
    if (has_secret || is_key(token, text.substr(0, at)))
      on_key(at, at + (has_secret ? end - at : token.size()));
    at = std::max(end, at + 1);
  }
}

}  // namespace

std::string scrub_keys(std::string_view text, std::string_view secret) {
  std::string scrubbed;
  std::size_t copied = 0;
  find_keys(text, secret, [&](std::size_t begin, std::size_t end) {
    scrubbed.append(text.substr(copied, begin - copied)).append(kMask);
    copied = end;
  });
  return scrubbed.append(text.substr(copied));
}

bool leaks_key(std::string_view text, std::string_view secret) {
  bool found = false;
  find_keys(text, secret, [&](std::size_t, std::size_t) { found = true; });
  return found;
}

}  // namespace tidegate::protocol
