#include "simulator/claude.h"

#include <cctype>
#include <optional>

namespace tidegate::simulator {
namespace {

constexpr std::size_t kVersionDigits = 2;  // more are a date

// The number at the front of `text`, which it is taken off; nullopt when there is none.
std::optional<int> take_number(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits]))) ++digits;
  if (digits == 0 || digits > kVersionDigits) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(0, digits)) number = number * 10 + (c - '0');
  text.remove_prefix(digits);
  return number;
}

}  // namespace

Tokens Claude::max_output() const {
  if (takes_adaptive()) return 128'000;
  if (version() == 400 || version() == 401) return opus ? 32'000 : 64'000;
  return version() >= 307 ? 64'000 : 8'192;
}

Claude claude_of(std::string_view model) {
  Claude claude;
  claude.opus = model.contains("opus");
  while (!model.empty()) {
    const std::size_t dash = model.find('-');
    if (dash == model.npos) break;
    model.remove_prefix(dash + 1);
    const auto major = take_number(model);
    if (!major) continue;
    claude.major = *major;
    claude.minor = 0;
    if (model.starts_with('-') || model.starts_with('.')) {
      model.remove_prefix(1);
      claude.minor = take_number(model).value_or(0);
    }
    break;
  }
  return claude;
}

}  // namespace tidegate::simulator
