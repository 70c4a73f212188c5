#include "translation/fence.h"

#include <algorithm>

namespace tidegate::translation {
namespace {

constexpr std::string_view kFence = "```";

bool is_space_escape(std::string_view escape) {
  return escape == "\\n" || escape == "\\r" || escape == "\\t";
}

std::string_view without_space_before(std::string_view raw) {
  for (;;) {
    if (raw.starts_with(' ')) {
      raw.remove_prefix(1);
    } else if (is_space_escape(raw.substr(0, 2))) {
      raw.remove_prefix(2);
    } else {
      return raw;
    }
  }
}

// An n behind an escaped backslash is a letter.
bool ends_with_escape(std::string_view raw) {
  if (raw.size() < 2 || !is_space_escape(raw.substr(raw.size() - 2))) return false;
  const std::string_view before = raw.substr(0, raw.size() - 1);
  const std::size_t other = before.find_last_not_of('\\');
  const std::size_t backslashes = before.size() - (other == before.npos ? 0 : other + 1);
  return backslashes % 2 == 1;
}

std::string_view without_space_behind(std::string_view raw) {
  for (;;) {
    if (raw.ends_with(' ')) {
      raw.remove_suffix(1);
    } else if (ends_with_escape(raw)) {
      raw.remove_suffix(2);
    } else {
      return raw;
    }
  }
}

bool is_language(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '5'; }

}  // namespace

std::optional<std::string_view> within_fence(std::string_view raw) {
  raw = without_space_behind(without_space_before(raw));
  if (raw.size() < 2 * kFence.size() || !raw.starts_with(kFence) || !raw.ends_with(kFence)) {
    return std::nullopt;
  }
  raw = raw.substr(kFence.size(), raw.size() - 2 * kFence.size());
  // "json", "jsonc", "JSON5"; none as often as not.
  raw.remove_prefix(
      static_cast<std::size_t>(std::ranges::find_if_not(raw, is_language) - raw.begin()));
  raw = without_space_behind(without_space_before(raw));
  if (raw.empty()) return std::nullopt;
  return raw;
}

}  // namespace tidegate::translation
