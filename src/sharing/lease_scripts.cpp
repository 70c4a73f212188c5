#include "sharing/lease_scripts.h"

#include <string>

namespace tidegate::sharing {
namespace {

// Whoever asked for more within the last second counts as wanting, and what is left is divided by
// their number: a gateway that asks first does not get it all. A gateway that is dead holds
// nothing.
constexpr const char* kCommon = R"lua(
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local level, at
local others, wanting, returned = 0, 0, 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local field, value = all[i], all[i + 1]
  if field == 'level' then
    level = tonumber(value)
  elseif field == 'at' then
    at = tonumber(value)
  elseif field ~= ARGV[1] then
    local held, wanted = string.match(value, '^(%d+) (%d+)$')
    local seen = redis.call('ZSCORE', KEYS[2], field)
    if seen and tonumber(seen) > now / 1000 - 5000 then
      others = others + held
      if tonumber(wanted) > now - 1000000 then wanting = wanting + 1 end
    else
      returned = returned + held
      redis.call('HDEL', KEYS[1], field)
    end
  end
end
local function share(free, asked, needed)
  if free <= 0 or asked <= 0 then return 0 end
  return math.min(asked, math.max(math.ceil(free / (wanting + 1)), math.min(needed, free)))
end
local function remember(held, asked)
  if held > 0 or asked > 0 then
    redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %.0f', held, asked > 0 and now or 0))
  else
    redis.call('HDEL', KEYS[1], ARGV[1])
  end
end
)lua";

constexpr const char* kTokens = R"lua(
local rate, capacity = ARGV[2] / 1000000, tonumber(ARGV[3])
local held, given, owed = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local asked, needed = tonumber(ARGV[7]), tonumber(ARGV[8])
if not level then
  -- Never seen, long idle, or the server lost its memory: then what a gateway knew last counts.
  if tonumber(ARGV[10]) > 0 then
    level, at = tonumber(ARGV[9]), tonumber(ARGV[10])
  else
    level, at = capacity, now
  end
end
level = math.min(capacity, level + math.max(0, now - at) * rate + given + returned) - owed
local free = math.floor(level)
local grant = share(free, asked, needed)
level = level - grant
remember(held + grant, asked)
redis.call('HSET', KEYS[1], 'level', string.format('%.17g', level), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - level) / rate / 1000) + 60000)
local wait = 0
if grant < needed then wait = math.ceil((needed - grant - level) / rate) end
return {grant, math.floor(level), math.max(wait, 0), wanting, string.format('%.17g', level),
        string.format('%.0f', now)}
)lua";

constexpr const char* kSlots = R"lua(
local mine, asked = tonumber(ARGV[3]), tonumber(ARGV[4])
local free = ARGV[2] - others - mine
local grant = share(free, asked, tonumber(ARGV[5]))
remember(mine + grant, asked)
redis.call('PEXPIRE', KEYS[1], 60000)
return {grant, math.max(free - grant, 0), 0, wanting}
)lua";

}  // namespace

const redis::Script& tokens_script() {
  static const std::string text = std::string(kCommon) + kTokens;
  static const redis::Script script(text);
  return script;
}

const redis::Script& slots_script() {
  static const std::string text = std::string(kCommon) + kSlots;
  static const redis::Script script(text);
  return script;
}

}  // namespace tidegate::sharing
