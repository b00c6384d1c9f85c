/**
 * The shared count of an account's limits: one script, which Redis runs as one
 * step. `RedisDoor` is its only user.
 *
 * The minute is kept in slots of 100 milliseconds and the day in slots of a
 * minute, as `RateWindow` keeps them, by the clock of Redis. Places are leased,
 * so that those of a killed process come back.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import type { RateLimits } from "./RateLimits.ts"

const lua = `
local state, minutes, days, places = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local op, known, fresh, place = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local lease, requests, tokens = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local minute, day = tonumber(ARGV[8]), tonumber(ARGV[9])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local generation, born = unpack(redis.call('HMGET', state, 'generation', 'born'))
if not generation then
  local uptime = tonumber(string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)'))
  generation, born = fresh, uptime * 1000 < minute and now or 0
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
    if not item then break end
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
  for i = 10, #ARGV do redis.call('ZADD', places, now + lease, ARGV[i]) end
elseif op == 'report' then
  local daily = tokens
  if known ~= generation then
    requests, tokens, daily = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
  end
  if requests > 0 or daily > 0 then
    count(minutes, 100, requests, tokens, 'requests', 'tokens')
    count(days, 60000, requests, daily, 'calls', 'daily')
  end
  for i = 13, #ARGV do redis.call('ZADD', places, now + lease, ARGV[i]) end
else
  local used = redis.call('HMGET', state, 'requests', 'tokens', 'daily', 'paused')
  local limits = { tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13]) }
  wait = math.max(0, tonumber(used[4] or 0) - now)
  local over = tonumber(used[1] or 0) + requests - limits[2]
  if limits[2] >= 0 and over > 0 then wait = math.max(wait, room_in(minutes, 100, minute, over, true)) end
  over = tonumber(used[2] or 0) + tokens - limits[3]
  if limits[3] >= 0 and over > 0 then wait = math.max(wait, room_in(minutes, 100, minute, over, false)) end
  over = tonumber(used[3] or 0) + tokens - limits[4]
  if limits[4] >= 0 and over > 0 then wait = math.max(wait, room_in(days, 60000, day, over, false)) end
  if limits[1] >= 0 and redis.call('ZCARD', places) >= limits[1] then
    status = 'full'
  elseif wait > 0 then
    status = 'wait'
  else
    count(minutes, 100, requests, tokens, 'requests', 'tokens')
    count(days, 60000, requests, tokens, 'calls', 'daily')
    redis.call('ZADD', places, now + lease, place)
  end
end

for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, day + 3600000) end
local used = redis.call('HMGET', state, 'requests', 'tokens', 'daily')
return { status, wait, generation, math.max(0, tonumber(born) + minute - now),
  tonumber(used[1] or 0), tonumber(used[2] or 0), tonumber(used[3] or 0), redis.call('ZCARD', places) }
`

type Argument = string | number

const script = Redis.script((keys: ReadonlyArray<string>, args: ReadonlyArray<Argument>) => [...keys, ...args], {
  lua,
  numberOfKeys: 4
}).withReturnType<readonly [Reply["status"], number, string, number, number, number, number, number]>()

/**
 * What the script answers.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reply {
  /** Done; refused for a time; refused until a call ends; or Redis has forgotten what was counted. */
  readonly status: "ok" | "wait" | "full" | "lost"
  /** Milliseconds until there is room. */
  readonly wait: number
  /** Milliseconds for which a restarted Redis may know less than was spent. */
  readonly unsure: number
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
  readonly enter: (place: string, tokens: number, limits: RateLimits) => Effect.Effect<Reply, Redis.RedisError>
  /** Gives a place back, and asks everybody to pause for some milliseconds. */
  readonly leave: (place: string, pauseMillis: number) => Effect.Effect<Reply, Redis.RedisError>
  /** Keeps places. */
  readonly renew: (places: Iterable<string>) => Effect.Effect<Reply, Redis.RedisError>
  /** Counts what was spent without Redis: `missed` when it remembers the rest, `all` when it has forgotten. */
  readonly report: (missed: Spent, all: SpentInDay, places: Iterable<string>) => Effect.Effect<Reply, Redis.RedisError>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Spent {
  readonly requests: number
  readonly tokens: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface SpentInDay extends Spent {
  readonly daily: number
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly prefix: string
  readonly leaseMillis: number
  readonly minuteMillis: number
  readonly dayMillis: number
  /** An id of this process: whoever begins a generation names it. */
  readonly process: string
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (redis: Redis.Redis["Service"], account: string, options: Options): AdmissionScript => {
  // The braces keep an account's keys on one node of a cluster.
  const name = `${options.prefix}{${account}}`
  const keys = [`${name}:state`, `${name}:minute`, `${name}:day`, `${name}:places`]
  const evaluate = redis.eval(script)
  let known = ""
  let begun = 0
  const run = (op: string, place: string, { requests, tokens }: Spent, rest: ReadonlyArray<Argument>) => {
    const { dayMillis, leaseMillis, minuteMillis, process } = options
    begun += 1
    const head = [op, known, `${process}:${begun}`, place, leaseMillis, requests, tokens, minuteMillis, dayMillis]
    return Effect.map(evaluate(keys, [...head, ...rest]), (reply): Reply => {
      const [status, wait, generation, unsure, calls, minute, daily, inFlight] = reply
      // What was lost has to be reported first: only then is the new generation the known one.
      if (known === "" || op === "report") known = generation
      return { status, wait, unsure, requests: calls, tokens: minute, daily, inFlight }
    })
  }
  const nothing = { requests: 0, tokens: 0 }
  const limit = (value: number | undefined): number => value ?? -1
  return {
    enter: (place, tokens, limits) =>
      run("enter", place, { requests: 1, tokens }, [
        limit(limits.concurrency),
        limit(limits.requestsPerMinute),
        limit(limits.tokensPerMinute),
        limit(limits.tokensPerDay)
      ]),
    leave: (place, pauseMillis) => run("leave", place, nothing, [pauseMillis]),
    renew: (places) => run("renew", "", nothing, [...places]),
    report: (missed, all, places) => run("report", "", missed, [all.requests, all.tokens, all.daily, ...places])
  }
}
