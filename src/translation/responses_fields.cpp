#include "translation/responses_fields.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tidegate::translation {
namespace {

// By Effort; OpenAI's highest is xhigh.
constexpr std::array<std::string_view, 8> kEfforts = {"",       "none", "minimal", "low",
                                                      "medium", "high", "xhigh",   "xhigh"};
static_assert(kEfforts[static_cast<std::size_t>(Effort::max)] == "xhigh");

}  // namespace

Tokens token_count(std::string_view raw) {
  constexpr std::uint64_t kMost = 1'000'000'000'000;
  const auto number = parse_u64(raw.substr(0, raw.find('.')));
  return number && *number <= kMost ? static_cast<Tokens>(*number) : 0;
}

Effort find_effort(std::string_view name) {
  if (name == "max" || name == "ultra") return Effort::max;
  const auto found = std::ranges::find(kEfforts, name);
  return found == kEfforts.end() ? Effort::unset : static_cast<Effort>(found - kEfforts.begin());
}

std::string_view effort_name(Effort effort) { return kEfforts[static_cast<std::size_t>(effort)]; }

}  // namespace tidegate::translation
