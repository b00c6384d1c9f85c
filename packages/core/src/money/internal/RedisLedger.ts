/**
 * The ledger of a budget in Redis, which all processes with the same Redis,
 * key prefix and name share.
 *
 * **Details**
 *
 * - Every operation is one script, which Redis runs in one step. Its keys are
 *   on one node of a cluster.
 * - Lua computes with doubles, so it adds nothing: Redis adds amounts as
 *   integers of 64 bits, exactly, and Lua compares them as strings. `Amount`
 *   explains why they never exceed 2^63.
 * - The reservation of a killed process is charged in full when its lease
 *   expires, by the clock of Redis.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { ConfigurationError } from "../../errors/ConfigurationErrors.ts"
import * as OptionRules from "../../internal/OptionRules.ts"
import * as Redis from "../../Redis.ts"
import type { BudgetStore } from "../BudgetStore.ts"
import * as Amount from "./Amount.ts"
import type { ReserveResult, ScopeBalance, SpentChange } from "./Ledger.ts"
import { storeError } from "./storeError.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Prefix of every key in Redis. Defaults to `kimi-effect:budget:`. */
  readonly keyPrefix?: string | undefined
  /** The name of the budget, where several share a Redis. Defaults to `default`. */
  readonly name?: string | undefined
}

/** How long what was charged in full can be corrected, at least: hosts keep the results of a batch for a shorter time. */
const lateMillis = 90 * 86_400_000

const lua = `
local used, spent, caps, holds, leases, forget, late = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local op, lease = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local changes = {}

-- Compares integers as strings; they are not negative and have no leading zeros.
local function over(a, b)
  if #a ~= #b then return #a > #b end
  return a > b
end

local function take(key, scope, amount)
  if amount ~= '0' then redis.call('HINCRBY', key, scope, '-' .. amount) end
end

local function note(scope, before)
  table.insert(changes, scope)
  table.insert(changes, redis.call('HGET', caps, scope) or '0')
  table.insert(changes, before)
  table.insert(changes, redis.call('HGET', spent, scope))
end

-- Corrects what was charged when the lease of a correctable hold ended.
local function correct(id, paid)
  local charged = redis.call('HGET', late, id)
  if not charged or charged == '' then return end
  redis.call('HDEL', late, id)
  local parts = cjson.decode(charged)
  for i = 2, #parts do
    local scope = parts[i]
    local before = redis.call('HGET', spent, scope)
    -- A scope that has ended is not counted; a sum that is saturated does not contain the charge.
    if before and not over(before, '${Amount.saturationThreshold}') and not over(parts[1], before) then
      for _, key in ipairs({ used, spent }) do
        take(key, scope, parts[1])
        redis.call('HINCRBY', key, scope, paid)
      end
      note(scope, before)
    end
  end
end

local function settle(id, paid)
  local hold = redis.call('HGET', holds, id)
  if not hold then
    if paid then correct(id, paid) end
    return
  end
  redis.call('HDEL', holds, id)
  redis.call('ZREM', leases, id)
  if paid then
    redis.call('HDEL', late, id)
  elseif redis.call('HEXISTS', late, id) == 1 then
    redis.call('HSET', late, id, hold)
    redis.call('PEXPIRE', late, ${lateMillis})
  end
  local parts = cjson.decode(hold)
  for i = 2, #parts do
    local scope = parts[i]
    local before = redis.call('HGET', spent, scope) or '0'
    local price = paid or parts[1]
    if over(before, '${Amount.saturationThreshold}') then price = '0' end
    take(used, scope, parts[1])
    redis.call('HINCRBY', used, scope, price)
    redis.call('HINCRBY', spent, scope, price)
    note(scope, before)
  end
end

local function settle_expired()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do settle(id) end
end

if op == 'settle' then
  settle(ARGV[3], ARGV[4])
  return { changes }
end

if op == 'renew' then
  -- A process that renews is alive, however late it is.
  for i = 3, #ARGV do redis.call('ZADD', leases, 'XX', now + lease, ARGV[i]) end
  settle_expired()
  for _, scope in ipairs(redis.call('ZRANGEBYSCORE', forget, '-inf', now)) do
    if redis.call('HGET', used, scope) == redis.call('HGET', spent, scope) then
      for _, key in ipairs({ used, spent, caps }) do redis.call('HDEL', key, scope) end
      redis.call('ZREM', forget, scope)
    end
  end
  return { changes }
end

settle_expired()

if op == 'balances' then
  local balances = {}
  local all = redis.call('HGETALL', caps)
  for i = 1, #all, 2 do
    table.insert(balances, all[i])
    table.insert(balances, all[i + 1])
    table.insert(balances, redis.call('HGET', spent, all[i]) or '0')
    table.insert(balances, redis.call('HGET', used, all[i]) or '0')
  end
  return { changes, balances }
end

local id, amount = ARGV[3], ARGV[4]
-- What was charged in full is counted already.
if redis.call('HEXISTS', holds, id) == 1 or redis.call('HEXISTS', late, id) == 1 then return { changes, {} } end
local hold = { amount }
for i = 6, #ARGV, 3 do
  local scope, cap = ARGV[i], ARGV[i + 1]
  -- An amount that is over its cap already may be too large to be added to.
  local isOver = over(redis.call('HGET', used, scope) or '0', cap)
  if not isOver then
    redis.call('HINCRBY', used, scope, amount)
    table.insert(hold, scope)
    isOver = over(redis.call('HGET', used, scope), cap)
  end
  if isOver then
    for j = 2, #hold do
      take(used, hold[j], amount)
      if redis.call('HEXISTS', caps, hold[j]) == 0 then redis.call('HDEL', used, hold[j]) end
    end
    return { changes, { scope, cap, redis.call('HGET', spent, scope) or '0', redis.call('HGET', used, scope) or '0' } }
  end
end
for i = 6, #ARGV, 3 do
  redis.call('HSET', caps, ARGV[i], ARGV[i + 1])
  redis.call('HSETNX', spent, ARGV[i], '0')
  if ARGV[i + 2] ~= '' then redis.call('ZADD', forget, ARGV[i + 2], ARGV[i]) end
end
redis.call('HSET', holds, id, cjson.encode(hold))
redis.call('ZADD', leases, now + lease, id)
if ARGV[5] == 'correctable' then
  redis.call('HSET', late, id, '')
  redis.call('PEXPIRE', late, math.max(${lateMillis}, lease * 2))
end
return { changes, {} }
`

const script: Redis.Script = { name: "budget", lua }

type Reply = readonly [changes: ReadonlyArray<string>, balances?: ReadonlyArray<string>]

const name = "redis"

/** Rows of four members each, from a flat list. */
const parseRows = <A>(
  flat: ReadonlyArray<string>,
  make: (scope: string, a: bigint, b: bigint, c: bigint) => A
): ReadonlyArray<A> => {
  const rows: Array<A> = []
  for (let i = 0; i + 3 < flat.length; i += 4) {
    const [scope = "", a = "0", b = "0", c = "0"] = flat.slice(i, i + 4)
    rows.push(make(scope, BigInt(a), BigInt(b), BigInt(c)))
  }
  return rows
}

const changesOf = (flat: ReadonlyArray<string>): ReadonlyArray<SpentChange> =>
  parseRows(flat, (scope, cap, spentBefore, spent) => ({ scope, cap, spentBefore, spent }))

const balancesOf = (flat: ReadonlyArray<string> = []): ReadonlyArray<ScopeBalance> =>
  parseRows(flat, (scope, cap, spent, used) => ({ scope, cap, spent, reserved: used - spent }))

/**
 * A ledger in the provided Redis.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ keyPrefix = "kimi-effect:budget:", name: budget = "default" }: Options = {}): Effect.Effect<
  BudgetStore["Service"],
  ConfigurationError,
  Redis.Redis
> =>
  Effect.gen(function* () {
    yield* OptionRules.check("BudgetStore", [
      OptionRules.keyPart("name", budget),
      OptionRules.keyPart("keyPrefix", keyPrefix)
    ])
    const redis = yield* Redis.Redis
    // The braces keep the keys on one node of a cluster.
    const keys = ["used", "spent", "caps", "holds", "leases", "forget", "late"].map(
      (key) => `${keyPrefix}{${budget}}:${key}`
    )
    const run = (operation: string, args: ReadonlyArray<string>) =>
      Effect.mapError(redis.run<Reply>(script, keys, args), ({ reason }) => storeError(name, operation, reason))
    const lease = (millis: number): string => String(Math.ceil(millis))
    return {
      name,
      reserve: ({ amount, claims, id, isCorrectable = false }, leaseMillis) => {
        const scopes = claims.flatMap(({ cap, retainUntil, scope }) => [scope, String(cap), String(retainUntil ?? "")])
        return Effect.map(
          run("reserve", [
            "reserve",
            lease(leaseMillis),
            id,
            String(amount),
            isCorrectable ? "correctable" : "final",
            ...scopes
          ]),
          ([changes, balances]) => {
            const [refused] = balancesOf(balances)
            const result: ReserveResult = refused === undefined ? { _tag: "Reserved" } : { _tag: "Refused", ...refused }
            return { result, changes: changesOf(changes) }
          }
        )
      },
      settle: (id, used) =>
        Effect.map(run("settle", ["settle", "0", id, String(used)]), ([changes]) => changesOf(changes)),
      renew: (ids, leaseMillis) =>
        Effect.map(run("renew", ["renew", lease(leaseMillis), ...ids]), ([changes]) => changesOf(changes)),
      scopeBalances: Effect.map(run("read", ["balances", "0"]), ([, balances]) => balancesOf(balances))
    }
  })
