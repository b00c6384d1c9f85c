/**
 * The Lua scripts of the cache in Redis, each of which is one step for all
 * processes, with their keys and arguments.
 *
 * - An entry is a string: its tags, a bar, and its bytes in base64. It expires
 *   by itself.
 * - The index, and a set for each tag, are sorted sets of entries by their time
 *   of expiry. They may still list entries that are gone or whose tags have
 *   changed: the entry itself decides.
 *
 * All keys of a cache have the same hash tag, so that a cluster keeps them on
 * one node; scripts derive the keys of entries from it.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { Redis, RedisError, Script } from "../../Redis.ts"

/** The keys of one cache in Redis. */
export interface CacheKeys {
  readonly index: string
  readonly entry: (key: string) => string
  readonly tag: (digest: string) => string
}

/** The keys under a prefix. */
export const makeKeys = (prefix: string): CacheKeys => ({
  index: `{${prefix}}index`,
  entry: (key) => `{${prefix}}entry:${key}`,
  tag: (digest) => `{${prefix}}tag:${digest}`
})

/** Most entries that one run of a script visits. */
export const batchSize = 256

const luaNow = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end`

const set: Script = {
  name: "cache set",
  lua: `${luaNow}
local value, millis, key, entry, most = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])
local at = now()
local function keep(set)
  redis.call('ZADD', set, at + millis, key)
  local gone = redis.call('ZRANGEBYSCORE', set, '-inf', at, 'LIMIT', 0, ${batchSize})
  if #gone > 0 then redis.call('ZREM', set, unpack(gone)) end
  if redis.call('PTTL', set) < millis then redis.call('PEXPIRE', set, millis) end
end
redis.call('SET', KEYS[1], value, 'PX', millis)
keep(KEYS[2])
for i = 3, #KEYS do
  keep(KEYS[i])
  local over = redis.call('ZCARD', KEYS[i]) - most
  if over > 0 then
    local first = redis.call('ZRANGE', KEYS[i], 0, math.min(over, ${batchSize}) - 1)
    for _, other in ipairs(first) do redis.call('UNLINK', entry .. other) end
    redis.call('ZREM', KEYS[i], unpack(first))
    redis.call('ZREM', KEYS[2], unpack(first))
  end
end`
}

const remove: Script = {
  name: "cache remove",
  lua: `
redis.call('UNLINK', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])`
}

const removeTag: Script = {
  name: "cache remove tag",
  lua: `
local some = redis.call('ZRANGE', KEYS[1], 0, ${batchSize - 1})
for _, key in ipairs(some) do
  local head = redis.call('GETRANGE', ARGV[1] .. key, 0, ARGV[3])
  local tags = string.match(head, '^[^|]*')
  if string.find(tags, ARGV[2], 1, true) then
    redis.call('UNLINK', ARGV[1] .. key)
    redis.call('ZREM', KEYS[2], key)
  end
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, ${batchSize - 1})
return #some`
}

const clear: Script = {
  name: "cache clear",
  lua: `
local some = redis.call('ZRANGE', KEYS[1], 0, ${batchSize - 1})
for _, key in ipairs(some) do redis.call('UNLINK', ARGV[1] .. key) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, ${batchSize - 1})
return #some`
}

const count: Script = {
  name: "cache count",
  lua: `
local from = tonumber(ARGV[2])
local some = redis.call('ZRANGE', KEYS[1], from, from + ${batchSize - 1})
local entries, bytes = 0, 0
for _, key in ipairs(some) do
  local size = redis.call('STRLEN', ARGV[1] .. key)
  if size > 0 then
    entries = entries + 1
    bytes = bytes + size
  else
    redis.call('ZREM', KEYS[1], key)
  end
end
local next = from + entries
if #some < ${batchSize} then next = -1 end
return { entries, bytes, next }`
}

/** The scripts of one cache. */
export interface CacheScripts {
  /** Keeps an entry for some milliseconds. A full set of a tag loses the entries that expire first, and so does the cache. */
  readonly set: (
    key: string,
    value: string,
    millis: number,
    tags: ReadonlyArray<string>
  ) => Effect.Effect<unknown, RedisError>
  /** Removes one entry. */
  readonly remove: (key: string) => Effect.Effect<unknown, RedisError>
  /** Removes some entries of a tag. The result is the number of entries visited. */
  readonly removeTag: (tag: string) => Effect.Effect<number, RedisError>
  /** Removes some entries of the whole cache. The result is the number of entries visited. */
  readonly clear: Effect.Effect<number, RedisError>
  /**
   * Counts some entries from a position of the index on. The result is their
   * number, their bytes, and the next position, which is below zero at the end.
   */
  readonly count: (from: number) => Effect.Effect<ReadonlyArray<number>, RedisError>
}

/** The scripts under these keys. An entry has at most `maxTags` tags, and a tag at most `maxEntriesPerTag` entries. */
export const make = (
  redis: Redis["Service"],
  keys: CacheKeys,
  { maxEntriesPerTag, maxTags }: { readonly maxEntriesPerTag: number; readonly maxTags: number }
): CacheScripts => ({
  set: (key, value, millis, tags) =>
    redis.run(
      set,
      [keys.entry(key), keys.index, ...tags.map(keys.tag)],
      [value, millis, key, keys.entry(""), maxEntriesPerTag]
    ),
  remove: (key) => redis.run(remove, [keys.entry(key), keys.index], [key]),
  removeTag: (tag) =>
    redis.run<number>(removeTag, [keys.tag(tag), keys.index], [keys.entry(""), tag, maxTags * (tag.length + 1)]),
  clear: redis.run<number>(clear, [keys.index], [keys.entry("")]),
  count: (from) => redis.run<ReadonlyArray<number>>(count, [keys.index], [keys.entry(""), from])
})
