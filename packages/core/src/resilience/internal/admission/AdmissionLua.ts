/**
 * The script of `AdmissionScript`, which Redis runs atomically.
 *
 * @since 0.1.0
 */

/**
 * The shortest interval between two requests: another process may have
 * released a permit.
 *
 * @category constants
 * @since 0.1.0
 */
export const pollMillis = 50

/**
 * The longest interval between two requests, which show that a waiting process
 * is alive.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxPollMillis = 1_000

/** How long a turn is kept after the time of its process's expected next request. */
const turnGraceMillis = 250

/**
 * The source of the script.
 *
 * @category constants
 * @since 0.1.0
 */
export const lua = `
local state, minutes, days, permits, turns, reported = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local op, known, process, permit = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local lease, requests, tokens = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local minute, day = tonumber(ARGV[8]), tonumber(ARGV[9])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local generation, born = unpack(redis.call('HMGET', state, 'generation', 'born'))
if not generation then
  -- Without permission to read the uptime, assume that Redis has just lost its data.
  local info = redis.pcall('INFO', 'server')
  local uptime = type(info) == 'string' and tonumber(string.match(info, 'uptime_in_seconds:(%d+)')) or 0
  generation, born = process .. ':' .. time[1] .. ':' .. time[2], uptime * 1000 < minute and now or 0
  redis.call('HSET', state, 'generation', generation, 'born', born)
end

local function parts(item)
  local slot, calls, amount = string.match(item, '(%d+),(%d+),(%d+)')
  return tonumber(slot), tonumber(calls), tonumber(amount)
end

local function expire(key, span, window, calls_field, tokens_field)
  local calls, amount = 0, 0
  while true do
    local item = redis.call('LINDEX', key, 0)
    if not item then
      -- Nothing is left to count, even if Redis has evicted the list.
      redis.call('HSET', state, calls_field, 0, tokens_field, 0)
      return
    end
    local slot, c, a = parts(item)
    if (slot + 1) * span + window > now then break end
    redis.call('LPOP', key)
    calls, amount = calls + c, amount + a
  end
  if calls > 0 then redis.call('HINCRBY', state, calls_field, -calls) end
  if amount > 0 then redis.call('HINCRBY', state, tokens_field, -amount) end
end

local function count(key, span, calls, amount, calls_field, tokens_field)
  local slot = math.floor(now / span)
  local item = redis.call('LINDEX', key, -1)
  local last, c, a
  if item then last, c, a = parts(item) end
  if last and last >= slot then
    redis.call('LSET', key, -1, string.format('%d,%d,%d', last, c + calls, a + amount))
  else
    redis.call('RPUSH', key, string.format('%d,%d,%d', slot, calls, amount))
  end
  redis.call('HINCRBY', state, calls_field, calls)
  redis.call('HINCRBY', state, tokens_field, amount)
end

local function capacity_in(key, span, window, excess, by_calls)
  local last = 0
  for _, item in ipairs(redis.call('LRANGE', key, 0, -1)) do
    local slot, calls, amount = parts(item)
    excess = excess - (by_calls and calls or amount)
    last = (slot + 1) * span + window - now
    if excess <= 0 then break end
  end
  return math.max(1, last)
end

-- Since when this process waits, and how many others with how many tokens wait longer.
local function turn()
  local since, ahead, ahead_tokens, others = now, 0, 0, {}
  local all = redis.call('HGETALL', turns)
  for i = 1, #all, 2 do
    local first, amount, last = parts(all[i + 1])
    if last <= now then
      redis.call('HDEL', turns, all[i])
    elseif all[i] == process then
      since = first
    else
      table.insert(others, { first, amount })
    end
  end
  for _, other in ipairs(others) do
    if other[1] < since then ahead, ahead_tokens = ahead + 1, ahead_tokens + other[2] end
  end
  return since, ahead, ahead_tokens
end

expire(minutes, 100, minute, 'requests', 'tokens')
expire(days, 60000, day, 'calls', 'daily')
redis.call('ZREMRANGEBYSCORE', permits, '-inf', now)

-- The limit that causes the wait: 2 requests, 3 tokens, 4 tokens of the day; 1 for a pause.
local status, wait, reason = 'ok', 0, 0
if op ~= 'report' and known ~= '' and known ~= generation then
  status = 'reset'
elseif op == 'release' then
  redis.call('ZREM', permits, permit)
  local pause = tonumber(ARGV[10])
  if pause > 0 and now + pause > tonumber(redis.call('HGET', state, 'paused') or 0) then
    redis.call('HSET', state, 'paused', now + pause)
  end
elseif op == 'renew' then
  local held = tonumber(ARGV[10])
  for i = 11, 10 + held do redis.call('ZADD', permits, now + lease, ARGV[i]) end
  for i = 11 + held, #ARGV do redis.call('ZREM', permits, ARGV[i]) end
elseif op == 'report' then
  -- A report may arrive more than once, and late: only what is new in it is counted.
  local reported_to, calls, amount = string.match(redis.call('GET', reported) or '', '^(.*),(%d+),(%d+)$')
  local daily
  if reported_to ~= generation and known ~= generation then
    requests, tokens, daily = tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14])
  else
    if reported_to ~= generation then calls, amount = 0, 0 end
    local base = known == generation
    requests = requests - math.max(tonumber(calls), base and tonumber(ARGV[10]) or 0)
    tokens = tokens - math.max(tonumber(amount), base and tonumber(ARGV[11]) or 0)
    daily = tokens
  end
  if requests > 0 or tokens > 0 or daily > 0 then
    count(minutes, 100, math.max(0, requests), math.max(0, tokens), 'requests', 'tokens')
    count(days, 60000, math.max(0, requests), math.max(0, daily), 'calls', 'daily')
  end
  redis.call('SET', reported, generation .. ',' .. ARGV[6] .. ',' .. ARGV[7])
else
  local used = redis.call('HMGET', state, 'requests', 'tokens', 'daily', 'paused')
  local limits = { tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13]) }
  local since, ahead, ahead_tokens = turn()
  wait = math.max(0, math.ceil(tonumber(used[4] or 0) - now))
  local is_open = wait == 0
  if wait > 0 then reason = 1 end
  -- Processes ahead may give up, so that what is reserved for them does not make a wait certain.
  local function check(number, key, span, window, used_amount, amount, reserved, by_calls)
    local limit = limits[number]
    if limit < 0 or used_amount + reserved + amount <= limit then return end
    is_open = false
    local over = used_amount + amount - limit
    local needed = over > 0 and capacity_in(key, span, window, over, by_calls) or 0
    if needed > wait then wait, reason = needed, number end
  end
  check(2, minutes, 100, minute, tonumber(used[1] or 0), requests, ahead, true)
  check(3, minutes, 100, minute, tonumber(used[2] or 0), tokens, ahead_tokens, false)
  check(4, days, 60000, day, tonumber(used[3] or 0), tokens, ahead_tokens, false)
  if limits[1] >= 0 and redis.call('ZCARD', permits) + ahead >= limits[1] then
    status = 'full'
  elseif not is_open then
    status = 'wait'
  end
  if status == 'ok' then
    count(minutes, 100, requests, tokens, 'requests', 'tokens')
    count(days, 60000, requests, tokens, 'calls', 'daily')
    redis.call('ZADD', permits, now + lease, permit)
    redis.call('HDEL', turns, process)
  else
    local soon = math.max(${pollMillis}, math.min(wait, ${maxPollMillis}))
    redis.call('HSET', turns, process, string.format('%d,%d,%d', since, tokens, now + soon + ${turnGraceMillis}))
  end
end

for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, day + 3600000) end
local used = redis.call('HMGET', state, 'requests', 'tokens', 'daily')
return { status, wait, generation, math.max(0, tonumber(born) + minute - now),
  tonumber(used[1] or 0), tonumber(used[2] or 0), tonumber(used[3] or 0), redis.call('ZCARD', permits), reason }
`
