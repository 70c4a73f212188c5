#include "sharing/purse_script.h"

namespace tidegate::sharing {
namespace {

constexpr const char* kText = R"lua(
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local spent, leases, wanting, known = {}, 0, 0, false
local ours, lost, lost_before = tonumber(ARGV[3]), tonumber(ARGV[10]), 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local field, value = all[i], all[i + 1]
  local who = string.sub(field, 2)
  if string.sub(field, 1, 1) == 's' then
    spent[who] = tonumber(value)
    known = true
  elseif string.sub(field, 1, 1) == 'x' then
    if who == ARGV[2] then lost_before = tonumber(value) end
  elseif who ~= ARGV[1] then
    local seen = redis.call('ZSCORE', KEYS[2], who)
    if seen and tonumber(seen) > now - 5000 then
      local lease, wanted = string.match(value, '^(%d+) (%d+)$')
      leases = leases + lease
      if tonumber(wanted) > now - 1000 then wanting = wanting + 1 end
    else
      redis.call('HDEL', KEYS[1], field)
    end
  end
end
local function learn(who, value)
  if tonumber(value) > (spent[who] or 0) then
    spent[who] = tonumber(value)
    redis.call('HSET', KEYS[1], 's' .. who, value)
  end
end
-- What the ledger of a life before this one lost is none of what this one will say that it spent.
if ARGV[11] == '1' then
  lost = lost_before + math.max((spent[ARGV[2]] or 0) - ours - lost_before, 0)
  ours = ours + lost
end
if lost > lost_before then redis.call('HSET', KEYS[1], 'x' .. ARGV[2], string.format('%.0f', lost)) end
-- Of what one ledger has of all, that which nobody said nor can say any more: no lease covers it.
local unheard = ARGV[9] - leases
for _, value in pairs(spent) do unheard = unheard - value end
if not known then
  learn('before', ARGV[9])
elseif ARGV[11] == '1' and unheard > 0 then
  learn('before', string.format('%.0f', (spent['before'] or 0) + unheard))
end
learn(ARGV[2], string.format('%.0f', ours))
for i = 12, #ARGV, 2 do learn(ARGV[i], ARGV[i + 1]) end
local total, everybody = 0, {}
for who, value in pairs(spent) do
  total = total + value
  everybody[#everybody + 1] = who
  everybody[#everybody + 1] = string.format('%.0f', value)
end
local asked, needed = tonumber(ARGV[5]), tonumber(ARGV[6])
local free = ARGV[7] - total - leases - ARGV[4]
local grant = 0
-- Less than a request needs is of no use here, and may be elsewhere.
if asked > 0 and free > 0 and free >= needed then
  grant = math.min(asked, math.max(math.ceil(free / (wanting + 1)), needed))
end
if ARGV[4] + grant > 0 or asked > 0 then
  redis.call('HSET', KEYS[1], 'l' .. ARGV[1],
             string.format('%.0f %.0f', ARGV[4] + grant, asked > 0 and now or 0))
else
  redis.call('HDEL', KEYS[1], 'l' .. ARGV[1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[8])
-- Below zero: more is leased than there is.
return {string.format('%.0f', grant), string.format('%.0f', free - grant), wanting,
        string.format('%.0f', lost), unpack(everybody)}
)lua";

}  // namespace

const redis::Script& purse_script() {
  static const redis::Script script(kText);
  return script;
}

}  // namespace tidegate::sharing
