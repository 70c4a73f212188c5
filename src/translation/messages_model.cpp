#include "translation/messages_model.h"

#include <cctype>

#include "base/text.h"

namespace tidegate::translation::messages {
namespace {

// 406 for "claude-opus-4-6-20260205" and "anthropic/claude-opus-4.6", 307 for "claude-3-7-sonnet";
// a date is no part of a version. 0: the name has none.
unsigned version(std::string_view name) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto number = [&](std::size_t at) {  // of at most two digits
    std::size_t end = at;
    while (end < name.size() && is_digit(name[end])) ++end;
    const auto value = end - at <= 2 ? parse_u64(name.substr(at, end - at)) : std::nullopt;
    return std::pair(value, end);
  };
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (!is_digit(name[at])) continue;
    const auto [major, end] = number(at);
    if (!major) {
      at = end;
      continue;
    }
    const bool has_minor = end + 1 < name.size() && (name[end] == '-' || name[end] == '.');
    const auto minor = has_minor ? number(end + 1).first : std::nullopt;
    return static_cast<unsigned>(*major * 100 + minor.value_or(0));
  }
  return 0;
}

}  // namespace

ModelRules model_rules(std::string_view wire_model) {
  const std::string name = to_lower(wire_model);
  const std::size_t claude = name.find("claude");
  if (claude == std::string::npos) return {};
  const unsigned release = version(std::string_view(name).substr(claude));
  // A name without a version is an alias of the newest.
  const auto from = [&](unsigned first) { return release == 0 || release >= first; };
  const bool newest_line = name.find("fable") != name.npos || name.find("mythos") != name.npos;
  using Thinking = ModelRules::Thinking;
  ModelRules rules;
  rules.thinking = from(406) ? Thinking::adaptive : from(307) ? Thinking::budget : Thinking::none;
  rules.effort = from(406) || (from(405) && name.find("opus") != name.npos);
  rules.xhigh = from(407);
  rules.always_thinks = (release != 0 && from(505)) || (newest_line && from(501));
  rules.hides_thinking = from(407);
  rules.sampling = !from(407);
  rules.either_of_sampling = from(401);
  rules.prefill = !from(406);
  rules.json_schema = from(405);
  return rules;
}

}  // namespace tidegate::translation::messages
