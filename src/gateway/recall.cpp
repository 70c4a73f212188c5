#include "gateway/recall.h"

#include <algorithm>
#include <utility>

namespace tidegate::gateway {
namespace {

using Unknown = translation::ReasoningMemory::Unknown;

// Longer than the link waits for a reply.
constexpr Duration kPatience = 300ms, kLookAgain = 1ms;
// A client may call a tool call anything; no provider's id is as long.
constexpr std::size_t kLongestKey = 512;

Unknown keys_of(Unknown unknown) {
  std::erase_if(unknown, [](const std::string& key) { return key.size() > kLongestKey; });
  std::ranges::sort(unknown);
  const auto repeated = std::ranges::unique(unknown);
  unknown.erase(repeated.begin(), repeated.end());
  return unknown;
}

}  // namespace

Task<bool> recall_elsewhere(Walk& walk, Unknown& unknown) {
  sharing::Sharing* const sharing = walk.worker.shared.sharing.get();
  if (sharing == nullptr) co_return false;
  const auto search = sharing->archive().find(keys_of(std::exchange(unknown, {})));
  if (search == nullptr) co_return false;
  Loop& loop = walk.worker.loop;
  const TimePoint end = std::min<TimePoint>(loop.now() + kPatience, walk.deadline);
  while (!search->done.load(std::memory_order_acquire)) {
    if (loop.now() >= end) co_return false;
    const TimePoint until = loop.now() + kLookAgain;
    const Wake wake = co_await walk.exchange.client().until_gone(until);
    if (wake != Wake::timed_out) co_return false;  // the attempt finds it out, too
  }
  bool found = false;
  for (std::size_t i = 0; i < search->found.size(); ++i) {
    const auto& each = search->found[i];
    std::optional<std::string> cargo = each ? std::optional(each->text) : std::nullopt;
    const WallTime until = each ? each->until : WallTime::max();
    walk.worker.shared.reasoning->adopt(search->keys[i], std::move(cargo), until);
    found = found || each.has_value();
  }
  co_return found;
}

}  // namespace tidegate::gateway
