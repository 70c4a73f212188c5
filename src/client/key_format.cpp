#include "client/key_format.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidegate::client {
namespace {

using config::Dialect;

struct Form {
  Dialect dialect;
  std::string_view prefix;
  std::string_view owner;
};

// The longer prefix first: a key belongs to the first that it begins with.
constexpr Form kForms[] = {
    {Dialect::anthropic, "sk-ant-", "Anthropic"}, {Dialect::openrouter, "sk-or-", "OpenRouter"},
    {Dialect::gemini, "AIza", "Google"},          {Dialect::openai, "sk-", "OpenAI"},
    {Dialect::deepseek, "sk-", "DeepSeek"},       {Dialect::kimi, "sk-", "Moonshot"},
};
// All of them are longer; what is shorter was cut.
constexpr std::size_t kShortest = 20;

bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

}  // namespace

std::optional<std::string> check_key(Dialect dialect, std::string_view key,
                                     std::string_view where) {
  const auto form = std::ranges::find(kForms, dialect, &Form::dialect);
  if (form == std::end(kForms)) return std::nullopt;
  const auto wrong = [&](std::string_view what) {
    return fmt::format(
        "{}: {}; expected a key of {}, which begins with {} and has at least {} "
        "characters",
        where, what, form->owner, form->prefix, kShortest);
  };
  if (!std::ranges::all_of(key, is_visible)) {
    return wrong("the key has a space, a line break or another character that no key has");
  }
  if (key.starts_with('"') || key.starts_with('\'')) return wrong("the key stands in quotes");
  const auto owner = std::ranges::find_if(
      kForms, [&](const Form& other) { return key.starts_with(other.prefix); });
  if (owner == std::end(kForms)) return wrong("the key begins otherwise");
  if (owner->prefix != form->prefix) {
    return wrong(fmt::format("this looks like a key of {}", owner->owner));
  }
  if (key.size() < kShortest) return wrong("the key is too short, perhaps cut");
  return std::nullopt;
}

}  // namespace tidegate::client
