#include "sharing/membership.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"

namespace tidegate::sharing {
namespace {

// KEYS: the gateways. ARGV: our id, milliseconds after which one is dead.
constexpr std::string_view kBeatText = R"lua(
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 60000)
redis.call('PEXPIRE', KEYS[1], 120000)
return {redis.call('ZCOUNT', KEYS[1], now - ARGV[2], '+inf'), now}
)lua";

}  // namespace

Membership::Membership(std::string prefix, int expected)
    : id_(fmt::format("{:016x}", random_u64())),
      key_(std::move(prefix) + ":gateways"),
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
  commands.call(script, {key_}, {id_, std::to_string(kSilent / 1ms)});
}

void Membership::hear(std::span<const redis::Reply> replies, TimePoint now) {
  if (!std::exchange(asked_, false) || leaving_) return;
  const redis::Reply* count = replies[0].at(0);
  const redis::Reply* time = replies[0].at(1);
  if (count == nullptr || time == nullptr) return;
  server_ = WallTime{std::chrono::milliseconds(time->number().value_or(0))};
  server_at_ = now;
  saw(static_cast<int>(std::clamp<std::int64_t>(count->number().value_or(1), 1, 1'000'000)), now);
}

void Membership::saw(int gateways, TimePoint now) {
  while (!seen_.empty() && seen_.front().first < now - kRemembered) seen_.pop_front();
  while (!seen_.empty() && seen_.back().second <= gateways) seen_.pop_back();
  seen_.emplace_back(now, gateways);
  gateways_.store(seen_.front().second, std::memory_order_relaxed);
}

}  // namespace tidegate::sharing
