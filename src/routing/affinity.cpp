#include "routing/affinity.h"

#include <algorithm>
#include <atomic>
#include <new>

#include "base/hash.h"

namespace tidegate::routing {
namespace {

constexpr std::size_t kWays = 4;
constexpr std::size_t kSets = 1u << 14;
constexpr std::uint32_t kTimeMask = (1u << 20) - 1;
constexpr int kNewsBits = 6;  // 64 steps of 4 s are no news

// tag 28 | route 16 | time 20. A whole word of 0 is an empty place: a route's hash is never 0.
std::uint32_t tag_of(std::uint64_t task) { return static_cast<std::uint32_t>(task >> 36); }
std::uint32_t tag(std::uint64_t entry) { return static_cast<std::uint32_t>(entry >> 36); }
std::uint16_t route(std::uint64_t entry) { return static_cast<std::uint16_t>(entry >> 20); }

std::uint32_t step_of(TimePoint at) {
  return static_cast<std::uint32_t>(at.time_since_epoch() / Affinity::kStep) & kTimeMask;
}

std::uint32_t age(std::uint64_t entry, std::uint32_t now) {
  return (now - static_cast<std::uint32_t>(entry)) & kTimeMask;
}

std::uint64_t load(std::uint64_t& entry) {
  return std::atomic_ref(entry).load(std::memory_order_relaxed);
}

}  // namespace

std::uint64_t task_hash(std::string_view task, std::string_view role, std::uint64_t fingerprint) {
  const std::uint64_t seed = task.empty() ? fingerprint : hash_bytes(task, 1);
  return role.empty() ? seed : hash_bytes(role, seed);
}

Affinity::Affinity()
    : entries_(static_cast<std::uint64_t*>(std::calloc(kSets * kWays, sizeof(std::uint64_t)))) {
  if (entries_ == nullptr) throw std::bad_alloc();
}

std::uint64_t* Affinity::set_of(std::uint64_t task) const {
  return entries_.get() + (task % kSets) * kWays;
}

void Affinity::expect(std::uint64_t task) const { __builtin_prefetch(set_of(task)); }

std::uint16_t Affinity::find(std::uint64_t task, TimePoint now, Duration sticky_for) const {
  const std::uint32_t step = step_of(now);
  const auto longest =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(sticky_for / kStep, 0, kTimeMask / 2));
  std::uint64_t* const set = set_of(task);
  for (std::size_t way = 0; way < kWays; ++way) {
    const std::uint64_t entry = load(set[way]);
    if (entry == 0 || tag(entry) != tag_of(task)) continue;
    return age(entry, step) < longest ? route(entry) : std::uint16_t{0};
  }
  return 0;
}

bool Affinity::remember(std::uint64_t task, std::uint16_t route, TimePoint now) {
  const std::uint32_t step = step_of(now);
  const std::uint64_t wanted =
      std::uint64_t{tag_of(task)} << 36 | std::uint64_t{route} << 20 | step;
  std::uint64_t* const set = set_of(task);
  std::size_t victim = 0;
  std::uint32_t oldest = 0;
  std::uint64_t known = 0;
  for (std::size_t way = 0; way < kWays; ++way) {
    const std::uint64_t entry = load(set[way]);
    if (entry == wanted) return false;  // a busy task writes once in 4 s
    if (entry != 0 && tag(entry) == tag_of(task)) {
      victim = way;
      known = entry;
      break;
    }
    const std::uint32_t silent = entry == 0 ? kTimeMask + 1 : age(entry, step);
    if (silent >= oldest) {
      oldest = silent;
      victim = way;
    }
  }
  std::atomic_ref(set[victim]).store(wanted, std::memory_order_relaxed);
  return wanted >> kNewsBits != known >> kNewsBits;
}

}  // namespace tidegate::routing
