#include "sharing/membership.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"

namespace tidegate::sharing {
namespace {

// A beat may be late; two that are missing are a time without the server.
constexpr Duration kGap = 2 * Membership::kBeat;

// KEYS: the gateways; since when the server has heard one of them at all times, and last. ARGV: our
// id, milliseconds after which one is dead, and of a gap.
constexpr std::string_view kBeatText = R"lua(
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local last = redis.call('HGET', KEYS[2], 'last')
if not last or now - last > tonumber(ARGV[3]) then redis.call('HSET', KEYS[2], 'since', now) end
redis.call('HSET', KEYS[2], 'last', now)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 60000)
redis.call('PEXPIRE', KEYS[1], 120000)
redis.call('PEXPIRE', KEYS[2], 120000)
return {redis.call('ZCOUNT', KEYS[1], now - ARGV[2], '+inf'), now,
        now - redis.call('HGET', KEYS[2], 'since')}
)lua";

}  // namespace

Membership::Membership(const std::string& prefix, int expected)
    : id_(fmt::format("{:016x}", random_u64())),
      key_(prefix + ":gateways"),
      steady_key_(prefix + ":steady"),
      gateways_(std::max(expected, 1)) {}

WallTime Membership::server_time(TimePoint now) const {
  return server_ == WallTime{} ? WallTime{} : server_ + (now - server_at_);
}

TimePoint Membership::due(TimePoint) { return next_; }

void Membership::ask(redis::Commands& commands, TimePoint now) {
  if (leaving_) {
    commands.add({"ZREM", key_, id_});
    return;
  }
  asked_ = now >= next_;
  if (!asked_) return;
  next_ = now + kBeat;
  static const redis::Script script(kBeatText);
  commands.call(script, {key_, steady_key_},
                {id_, std::to_string(kSilent / 1ms), std::to_string(kGap / 1ms)});
}

void Membership::hear(std::span<const redis::Reply> replies, TimePoint now) {
  if (!std::exchange(asked_, false) || leaving_) return;
  const redis::Reply* count = replies[0].at(0);
  const redis::Reply* time = replies[0].at(1);
  if (count == nullptr || time == nullptr) return;
  server_ = WallTime{std::chrono::milliseconds(time->number().value_or(0))};
  server_at_ = now;
  const redis::Reply* steady = replies[0].at(2);
  steady_ = steady != nullptr && steady->number().value_or(0) * 1ms >= kSettled;
  saw(static_cast<int>(std::clamp<std::int64_t>(count->number().value_or(1), 1, 1'000'000)), now);
}

void Membership::saw(int gateways, TimePoint now) {
  while (!seen_.empty() && seen_.front().first < now - kRemembered) seen_.pop_front();
  while (!seen_.empty() && seen_.back().second <= gateways) seen_.pop_back();
  seen_.emplace_back(now, gateways);
  gateways_.store(seen_.front().second, std::memory_order_relaxed);
}

}  // namespace tidegate::sharing
