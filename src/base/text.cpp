#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace tidegate {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// Eight bytes that are equal but for the case of ASCII letters.
bool same_word(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  const std::uint64_t differ = a ^ b;
  if (differ == 0) return true;
  if ((differ & ~(0x20 * kEach)) != 0) return false;
  // The case bit means case in letters only: it also tells '@' from '`'. In bytes below 0x80 the
  // two sums set the top bit from 'a' on and from '{' on.
  const std::uint64_t low = (a | 0x20 * kEach) & 0x7f * kEach;
  const std::uint64_t letters = (low + 0x1f * kEach) & ~(low + 0x05 * kEach) & ~a & 0x80 * kEach;
  return ((differ << 2) & ~letters) == 0;
}

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

// "500ms" -> 500 and "ms"; nullopt without digits or on overflow.
std::optional<std::pair<std::uint64_t, std::string_view>> split_number(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_u64(text.substr(0, digits));
  if (!number) return std::nullopt;
  return std::pair{*number, text.substr(digits)};
}

std::optional<std::uint64_t> parse_units(std::string_view text, std::span<const Unit> units) {
  const auto parts = split_number(text);
  if (!parts) return std::nullopt;
  const auto [number, unit_name] = *parts;
  for (const Unit& unit : units) {
    if (unit.name != unit_name) continue;
    if (number > static_cast<std::uint64_t>(INT64_MAX) / unit.size) return std::nullopt;
    return number * unit.size;
  }
  return std::nullopt;
}

constexpr Unit kDurations[] = {{"d", 86'400'000'000'000},
                               {"h", 3'600'000'000'000},
                               {"m", 60'000'000'000},
                               {"s", 1'000'000'000},
                               {"ms", 1'000'000},
                               {"us", 1'000},
                               {"ns", 1}};
constexpr Unit kSizes[] = {
    {"", 1},           {"B", 1},      {"KiB", 1u << 10}, {"MiB", 1u << 20},
    {"GiB", 1u << 30}, {"KB", 1'000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}};

// Optimal string alignment: insert, delete, replace and swapped neighbours cost one each.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, above);
    std::swap(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]) ? 1 : 0);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replace});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

bool same_letters(std::string_view a, std::string_view b) {
  const auto load = [](const char* from, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, size);
    return word;
  };
  const std::size_t size = a.size();
  // Words may overlap: comparing a byte twice costs less than a loop over a tail.
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (!same_word(load(a.data() + at, 8), load(b.data() + at, 8))) return false;
    }
    return same_word(load(a.data() + size - 8, 8), load(b.data() + size - 8, 8));
  }
  if (size >= 4) {
    return same_word(load(a.data(), 4), load(b.data(), 4)) &&
           same_word(load(a.data() + size - 4, 4), load(b.data() + size - 4, 4));
  }
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_valid_utf8(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto byte = [](const char* p) { return static_cast<std::uint8_t>(*p); };
  while (at != end) {
    if (end - at >= 8) {
      std::uint64_t word;
      std::memcpy(&word, at, sizeof(word));
      if ((word & 0x8080808080808080u) == 0) {
        at += 8;
        continue;
      }
    }
    const std::uint8_t lead = byte(at);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    const std::ptrdiff_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length == 0 || lead > 0xf4 || end - at < length) return false;
    // The second byte's range excludes overlong forms, surrogates and what is above U+10FFFF.
    const std::uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const std::uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (byte(at + 1) < low || byte(at + 1) > high) return false;
    for (std::ptrdiff_t i = 2; i < length; ++i) {
      if ((byte(at + i) & 0xc0) != 0x80) return false;
    }
    at += length;
  }
  return true;
}

bool matches_glob(std::string_view glob, std::string_view text) {
  // After a mismatch only the last star needs to take one character more.
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t g = 0, t = 0, star = kNone, after_star = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      after_star = t;
    } else if (g < glob.size() && (glob[g] == '?' || lower(glob[g]) == lower(text[t]))) {
      ++g;
      ++t;
    } else if (star != kNone) {
      g = star + 1;
      t = ++after_star;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == kNone;
}

std::optional<std::uint64_t> parse_u64(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto nanoseconds = parse_units(text, kDurations);
  if (!nanoseconds) return std::nullopt;
  return Duration{static_cast<std::int64_t>(*nanoseconds)};
}

std::string format_duration(Duration duration) {
  for (const Unit& unit : kDurations) {
    const auto size = static_cast<std::int64_t>(unit.size);
    if (duration.count() != 0 && duration.count() % size == 0) {
      return fmt::format("{}{}", duration.count() / size, unit.name);
    }
  }
  return "0s";
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  return parse_units(text, kSizes);
}

std::vector<std::string> near_names(std::string_view word,
                                    std::span<const std::string> candidates) {
  std::vector<std::pair<std::size_t, const std::string*>> near;
  for (const std::string& candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t shorter = std::min(word.size(), candidate.size());
    // Words that people type are short; a long one is no typing error, and must not cost much.
    if (longer > 200 || longer - shorter > longer / 3) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance <= std::max<std::size_t>(1, longer / 3)) near.emplace_back(distance, &candidate);
  }
  std::sort(near.begin(), near.end());  // equal distances keep the candidates' order
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, near.size()); ++i) {
    names.push_back(*near[i].second);
  }
  return names;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const auto names = near_names(word, candidates);
  if (names.empty()) return {};
  std::string list = names.front();
  for (std::size_t i = 1; i < names.size(); ++i) {
    list += (i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  return fmt::format(" Did you mean {}?", list);
}

}  // namespace tidegate
