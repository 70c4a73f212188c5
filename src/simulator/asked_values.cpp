#include "simulator/asked_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tidegate::simulator {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::int64_t first_number(std::string_view asked) {
  const auto* begin = std::ranges::find_if(asked, is_digit);
  const auto* end = std::find_if_not(begin, asked.end(), is_digit);
  std::int64_t number = 1;
  if (end - begin <= 9) std::from_chars(begin, end, number);
  return number;
}

// In quotes that open a word, as an apostrophe does not; else empty.
std::string_view first_quoted(std::string_view asked) {
  for (std::size_t begin = 0; begin < asked.size(); ++begin) {
    const char mark = asked[begin];
    const bool opens = begin == 0 || asked[begin - 1] == ' ';
    if (!opens || (mark != '\'' && mark != '"')) continue;
    const std::size_t end = asked.find(mark, begin + 1);
    if (end != std::string_view::npos) return asked.substr(begin + 1, end - begin - 1);
  }
  return {};
}

}  // namespace

AskedValues::AskedValues(std::string_view asked, std::size_t round)
    : number_(first_number(asked)), quoted_(first_quoted(asked)), round_(round) {}

std::string AskedValues::text(std::string_view name) const {
  if (!quoted_.empty()) return std::string(quoted_);
  return round_ == 0 ? fmt::format("simulated {}", name)
                     : fmt::format("simulated {} {}", name, round_ + 1);
}

}  // namespace tidegate::simulator
