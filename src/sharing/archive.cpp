#include "sharing/archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.h"

namespace tidegate::sharing {
namespace {

constexpr std::string_view kForgotten = "90000000";  // milliseconds after the last: 25 hours

// The texts are a hash, so that they count as one; their order and how long each counts is a sorted
// set, and the sum of their sizes a number. The oldest go for whatever is too much.
constexpr std::string_view kKeepScript = R"lua(
local texts, order, bytes = KEYS[1], KEYS[2], KEYS[3]
local most, forgotten = tonumber(ARGV[1]), ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function weight(key)
  local size = redis.call('HSTRLEN', texts, key)
  if size == 0 then return 0 end
  return size + #key + 200
end
local sum = tonumber(redis.call('GET', bytes) or '0')
local function drop(key)
  sum = sum - weight(key)
  redis.call('HDEL', texts, key)
  redis.call('ZREM', order, key)
end
for i = 3, #ARGV, 3 do
  local key, text, til = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  sum = sum - weight(key)
  redis.call('HSET', texts, key, text)
  redis.call('ZADD', order, til, key)
  sum = sum + weight(key)
end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', order, '-inf', now, 'LIMIT', 0, 100)) do drop(key) end
while sum > most do
  local oldest = redis.call('ZRANGE', order, 0, 0)[1]
  if not oldest then sum = 0 break end
  drop(oldest)
end
redis.call('SET', bytes, string.format('%.0f', sum))
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, forgotten) end
return sum
)lua";

const redis::Script& keep_script() {
  static const redis::Script script(kKeepScript);
  return script;
}

std::int64_t microseconds(WallTime at) {
  return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

std::string_view until_of(std::string_view value) { return value.substr(0, value.find(' ')); }

// What comes from Redis is no more believed than it has to be.
std::optional<Archive::Found> read(const redis::Reply& reply) {
  if (reply.kind != redis::Reply::Kind::text) return std::nullopt;
  const std::string_view value = reply.text;
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto until = parse_u64(value.substr(0, space));
  if (!until || *until > std::uint64_t{1} << 60) return std::nullopt;
  return Archive::Found{std::string(value.substr(space + 1)),
                        WallTime(std::chrono::microseconds(*until))};
}

}  // namespace

void Archive::keep(std::string key, std::string_view text, WallTime until) {
  if (text.size() > kMostText || !link_.connected()) return;
  Text kept{std::move(key), fmt::format("{} {}", microseconds(until), text)};
  {
    const std::lock_guard lock(mutex_);
    if (waiting_bytes_ + kept.size() > kMostWaiting) return;
    waiting_bytes_ += kept.size();
    waiting_.push_back(std::move(kept));
  }
  link_.wake();
}

std::shared_ptr<const Archive::Search> Archive::find(std::vector<std::string> keys) {
  if (keys.empty() || !link_.connected()) return nullptr;
  auto search = std::make_shared<Search>();
  search->keys = std::move(keys);
  if (search->keys.size() > kMostKeys) search->keys.resize(kMostKeys);
  {
    const std::lock_guard lock(mutex_);
    searches_.push_back(search);
  }
  link_.wake();
  return search;
}

TimePoint Archive::due(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (!searches_.empty()) return now;
  if (waiting_.empty()) return TimePoint::max();
  if (since_ == TimePoint{}) since_ = now;
  return std::max<TimePoint>(since_ + kGather, sent_ + kPause);
}

// First what is to be kept: what is searched for may be among it.
void Archive::ask(redis::Commands& commands, TimePoint now) {
  const std::string most = std::to_string(most_kept_);
  const std::string order = prefix_ + ":order", sum = prefix_ + ":bytes";
  const std::string_view keys[] = {prefix_, order, sum};
  const std::lock_guard lock(mutex_);
  asked_.swap(searches_);
  std::vector<std::string_view> arguments{most, kForgotten};
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (; count < waiting_.size() && (count == 0 || bytes < kMostAtOnce); ++count) {
    const Text& text = waiting_[count];
    bytes += text.size();
    arguments.insert(arguments.end(), {text.key, text.value, until_of(text.value)});
  }
  sent_texts_ = count;
  if (count != 0) {
    sent_ = now;
    since_ = {};
    commands.call(keep_script(), keys, arguments);
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    waiting_bytes_ -= bytes;
  }
  for (const auto& search : asked_) {
    for (const std::string& key : search->keys) commands.add({"HGET", prefix_, key});
  }
}

void Archive::hear(std::span<const redis::Reply> replies, TimePoint) {
  if (std::exchange(sent_texts_, 0) != 0) replies = replies.subspan(1);
  for (const auto& search : asked_) {
    for (std::size_t i = 0; i < search->keys.size(); ++i) search->found.push_back(read(replies[i]));
    replies = replies.subspan(search->keys.size());
    search->done.store(true, std::memory_order_release);
  }
  asked_.clear();
}

void Archive::lost(TimePoint now) {
  sent_texts_ = 0;
  alone(now);
}

// Nobody waits for a server that is away.
void Archive::alone(TimePoint) {
  const std::lock_guard lock(mutex_);
  asked_.insert(asked_.end(), searches_.begin(), searches_.end());
  searches_.clear();
  for (const auto& search : asked_) search->done.store(true, std::memory_order_release);
  asked_.clear();
}

}  // namespace tidegate::sharing
