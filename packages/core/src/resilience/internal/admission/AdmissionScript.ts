/**
 * The shared count of an account's limits: one script, which Redis runs as one
 * step. `RedisAccount` is its only user.
 *
 * The minute is kept in slots of 100 milliseconds and the day in slots of a
 * minute, as `RateWindow` keeps them, by the clock of Redis. Places are leased,
 * so that those of a killed process come back. Processes that were refused take
 * turns: what each asked for is kept free of those behind it until it asks
 * again, or else one that never stops asking would leave the others nothing.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Redis from "../../../Redis.ts"
import type { RateLimits } from "../../RateLimits.ts"

/**
 * How soon to ask again when all places are taken: another process may have
 * given one back.
 *
 * @category constants
 * @since 0.1.0
 */
export const pollMillis = 50

/**
 * How soon to ask again at the latest, so that whoever waits for its turn is
 * known to be alive.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxPollMillis = 1_000

/** What a turn is kept beyond the time at which its process asks again. */
const turnGraceMillis = 250

const lua = `
local state, minutes, days, places, turns, told = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local op, known, process, place = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local lease, requests, tokens = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local minute, day = tonumber(ARGV[8]), tonumber(ARGV[9])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local generation, born = unpack(redis.call('HMGET', state, 'generation', 'born'))
if not generation then
  -- Where a user may not ask how long Redis has run, it may have forgotten just now.
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
      -- Nothing is left to count, also when Redis has thrown the list away.
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

local function room_in(key, span, window, excess, by_calls)
  local last = 0
  for _, item in ipairs(redis.call('LRANGE', key, 0, -1)) do
    local slot, calls, amount = parts(item)
    excess = excess - (by_calls and calls or amount)
    last = (slot + 1) * span + window - now
    if excess <= 0 then break end
  end
  return math.max(1, last)
end

-- Since when this process waits, and how many wait longer with how many tokens.
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
redis.call('ZREMRANGEBYSCORE', places, '-inf', now)

local status, wait = 'ok', 0
if op ~= 'report' and known ~= '' and known ~= generation then
  status = 'lost'
elseif op == 'leave' then
  redis.call('ZREM', places, place)
  local pause = tonumber(ARGV[10])
  if pause > 0 and now + pause > tonumber(redis.call('HGET', state, 'paused') or 0) then
    redis.call('HSET', state, 'paused', now + pause)
  end
elseif op == 'renew' then
  local held = tonumber(ARGV[10])
  for i = 11, 10 + held do redis.call('ZADD', places, now + lease, ARGV[i]) end
  for i = 11 + held, #ARGV do redis.call('ZREM', places, ARGV[i]) end
elseif op == 'report' then
  -- A report may arrive more than once, and late: only what is new in it counts.
  local told_to, calls, amount = string.match(redis.call('GET', told) or '', '^(.*),(%d+),(%d+)$')
  local daily
  if told_to ~= generation and known ~= generation then
    requests, tokens, daily = tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14])
  else
    if told_to ~= generation then calls, amount = 0, 0 end
    local base = known == generation
    requests = requests - math.max(tonumber(calls), base and tonumber(ARGV[10]) or 0)
    tokens = tokens - math.max(tonumber(amount), base and tonumber(ARGV[11]) or 0)
    daily = tokens
  end
  if requests > 0 or tokens > 0 or daily > 0 then
    count(minutes, 100, math.max(0, requests), math.max(0, tokens), 'requests', 'tokens')
    count(days, 60000, math.max(0, requests), math.max(0, daily), 'calls', 'daily')
  end
  redis.call('SET', told, generation .. ',' .. ARGV[6] .. ',' .. ARGV[7])
else
  local used = redis.call('HMGET', state, 'requests', 'tokens', 'daily', 'paused')
  local limits = { tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13]) }
  local since, ahead, ahead_tokens = turn()
  wait = math.max(0, math.ceil(tonumber(used[4] or 0) - now))
  local is_open = wait == 0
  -- Those ahead may give up, so that what they keep is no reason to call a wait certain.
  local function check(key, span, window, limit, spent, amount, kept, by_calls)
    if limit < 0 or spent + kept + amount <= limit then return end
    is_open = false
    local over = spent + amount - limit
    if over > 0 then wait = math.max(wait, room_in(key, span, window, over, by_calls)) end
  end
  check(minutes, 100, minute, limits[2], tonumber(used[1] or 0), requests, ahead, true)
  check(minutes, 100, minute, limits[3], tonumber(used[2] or 0), tokens, ahead_tokens, false)
  check(days, 60000, day, limits[4], tonumber(used[3] or 0), tokens, ahead_tokens, false)
  if limits[1] >= 0 and redis.call('ZCARD', places) + ahead >= limits[1] then
    status = 'full'
  elseif not is_open then
    status = 'wait'
  end
  if status == 'ok' then
    count(minutes, 100, requests, tokens, 'requests', 'tokens')
    count(days, 60000, requests, tokens, 'calls', 'daily')
    redis.call('ZADD', places, now + lease, place)
    redis.call('HDEL', turns, process)
  else
    local soon = math.max(${pollMillis}, math.min(wait, ${maxPollMillis}))
    redis.call('HSET', turns, process, string.format('%d,%d,%d', since, tokens, now + soon + ${turnGraceMillis}))
  end
end

for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, day + 3600000) end
local used = redis.call('HMGET', state, 'requests', 'tokens', 'daily')
return { status, wait, generation, math.max(0, tonumber(born) + minute - now),
  tonumber(used[1] or 0), tonumber(used[2] or 0), tonumber(used[3] or 0), redis.call('ZCARD', places) }
`

type Argument = string | number

const script: Redis.Script = { name: "admission", lua }

type RawReply = readonly [Reply["status"], number, string, number, number, number, number, number]

/**
 * What the script answers.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reply {
  /** Done; refused for a time; refused until a call ends; or Redis has forgotten what was counted. */
  readonly status: "ok" | "wait" | "full" | "lost"
  /** Milliseconds for which there is no room for certain. */
  readonly waitMillis: number
  /** Milliseconds for which a restarted Redis may know less than was spent. */
  readonly uncertainMillis: number
  readonly requests: number
  readonly tokens: number
  readonly daily: number
  readonly inFlight: number
}

/**
 * The script for one account.
 *
 * @category models
 * @since 0.1.0
 */
export interface AdmissionScript {
  /** Takes a place, if there is room for it. */
  readonly acquire: (place: string, tokens: number, limits: RateLimits) => Effect.Effect<Reply, Redis.RedisError>
  /** Gives a place back, and asks everybody to pause for some milliseconds. */
  readonly release: (place: string, pauseMillis: number) => Effect.Effect<Reply, Redis.RedisError>
  /** Keeps the places that are held, and gives back those that are not. */
  readonly renew: (held: Iterable<string>, gone: Iterable<string>) => Effect.Effect<Reply, Redis.RedisError>
  /**
   * Counts what was spent without Redis, all of it since this process began;
   * `from` is how much of that Redis has confirmed. When it has forgotten, all
   * that this process has spent lately counts instead.
   */
  readonly report: (
    from: UsageTotals,
    to: UsageTotals,
    lately: DailyUsageTotals
  ) => Effect.Effect<Reply, Redis.RedisError>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface UsageTotals {
  readonly requests: number
  readonly tokens: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface DailyUsageTotals extends UsageTotals {
  readonly daily: number
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly keyPrefix: string
  readonly leaseMillis: number
  readonly minuteMillis: number
  readonly dayMillis: number
  /** An id of this process. */
  readonly processId: string
}

const noUsage: UsageTotals = { requests: 0, tokens: 0 }

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (redis: Redis.Redis["Service"], account: string, options: Options): AdmissionScript => {
  const { dayMillis, leaseMillis, minuteMillis, processId } = options
  // The braces keep an account's keys on one node of a cluster.
  const name = `${options.keyPrefix}{${account}}`
  const keys = [
    `${name}:state`,
    `${name}:minute`,
    `${name}:day`,
    `${name}:places`,
    `${name}:turns`,
    `${name}:told:${processId}`
  ]
  let known = ""
  const run = (op: string, place: string, { requests, tokens }: UsageTotals, rest: ReadonlyArray<Argument>) => {
    const head = [op, known, processId, place, leaseMillis, requests, tokens, Math.ceil(minuteMillis)]
    return Effect.map(redis.run<RawReply>(script, keys, [...head, Math.ceil(dayMillis), ...rest]), (reply): Reply => {
      const [status, wait, generation, unsure, calls, minute, daily, inFlight] = reply
      // What was lost has to be reported first: only then is the new generation the known one.
      if (known === "" || op === "report") known = generation
      return { status, waitMillis: wait, uncertainMillis: unsure, requests: calls, tokens: minute, daily, inFlight }
    })
  }
  const limit = (value: number | undefined): number => value ?? -1
  return {
    acquire: (place, tokens, limits) =>
      run("enter", place, { requests: 1, tokens }, [
        limit(limits.concurrency),
        limit(limits.requestsPerMinute),
        limit(limits.tokensPerMinute),
        limit(limits.tokensPerDay)
      ]),
    release: (place, pauseMillis) => run("leave", place, noUsage, [Math.min(Math.ceil(pauseMillis), dayMillis)]),
    renew: (held, gone) => {
      const kept = [...held]
      return run("renew", "", noUsage, [kept.length, ...kept, ...gone])
    },
    report: (from, to, lately) =>
      run("report", "", to, [from.requests, from.tokens, lately.requests, lately.tokens, lately.daily])
  }
}
