#include "engine/html_text.h"

#include <fmt/format.h>

#include "base/text.h"

namespace tidegate::engine {
namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes above ASCII stay where the whole is UTF-8, else each becomes a replacement character.
void append_escaped(std::string& out, std::string_view text) {
  const bool is_valid = is_valid_utf8(text);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (byte >= 0x80 && !is_valid) {
          out += "\xEF\xBF\xBD";
        } else if (byte >= 0x20 ? byte != 0x7F : c == '\n' || c == '\t') {
          out.push_back(c);
        }
    }
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  append_escaped(out, text);
  return out;
}

std::string escaped_short(std::string_view text, std::size_t characters) {
  std::size_t end = 0;
  std::size_t count = 0;
  while (end < text.size() && (count < characters || continues_character(text[end]))) {
    if (!continues_character(text[end])) ++count;
    ++end;
  }
  std::string out = escaped(text.substr(0, end));
  if (end < text.size()) out += "\u2026";
  return out;
}

std::string with_commas(std::int64_t number) {
  std::string out = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = out.size(); at > first + 3;) out.insert(at -= 3, ",");
  return out;
}

std::string short_count(std::int64_t number) {
  const auto value = static_cast<double>(number);
  if (number >= 10'000'000'000) return fmt::format("{:.0f}B", value / 1e9);
  if (number >= 10'000'000) return fmt::format("{:.0f}M", value / 1e6);
  if (number >= 1'000'000) return fmt::format("{:.1f}M", value / 1e6);
  if (number >= 10'000) return fmt::format("{:.0f}k", value / 1e3);
  return with_commas(number);
}

std::string short_usd(NanoDollars amount) {
  const double usd = static_cast<double>(amount.value) / 1e9;
  if (amount.value == 0) return "$0";
  if (amount.value > 0 && amount.value < 100'000) return "&lt;$0.0001";
  if (usd >= 1000) return "$" + with_commas(amount.value / 1'000'000'000);
  if (usd >= 1) return fmt::format("${:.2f}", usd);
  if (usd >= 0.01) return fmt::format("${:.3f}", usd);
  return fmt::format("${:.4f}", usd);
}

std::string short_time(Duration duration) {
  const std::int64_t ms = duration.count() / 1'000'000;
  const std::int64_t seconds = ms / 1000;
  if (seconds >= 86'400) return fmt::format("{}d {:02}h", seconds / 86'400, seconds / 3600 % 24);
  if (seconds >= 3600) return fmt::format("{}h {:02}m", seconds / 3600, seconds / 60 % 60);
  if (seconds >= 60) return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
  if (ms >= 1000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  return fmt::format("{} ms", ms);
}

std::string percent(double share) {
  if (share >= 1) return "100 %";
  if (share <= 0) return "0 %";
  return fmt::format("{:.{}f} %", share * 100, share >= 0.0995 ? 0 : 1);
}

}  // namespace tidegate::engine
