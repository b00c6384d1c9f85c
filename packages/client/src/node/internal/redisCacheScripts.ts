/**
 * What the cache does in Redis, each in one step for all processes.
 *
 * - An entry is a string: its tags, a bar, and its bytes in base64. It expires
 *   by itself.
 * - The index, and a set for each tag, are sorted sets of entries by the time
 *   they expire. They may list what is gone or has other tags by now: what
 *   counts is the entry.
 *
 * All keys of a cache have the same hash tag, so that a cluster keeps them
 * together; names of entries are put together from it within a script.
 *
 * @since 0.1.0
 */
import * as Redis from "effect/persistence/Redis"

/** The names of one cache in Redis. */
export interface CacheKeys {
  readonly index: string
  readonly entry: (key: string) => string
  readonly tag: (digest: string) => string
}

/** The names under a prefix. */
export const makeKeys = (prefix: string): CacheKeys => ({
  index: `{${prefix}}index`,
  entry: (key) => `{${prefix}}entry:${key}`,
  tag: (digest) => `{${prefix}}tag:${digest}`
})

/** How many entries a script looks at. */
export const batchSize = 256

const luaNow = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end`

/** Keeps an entry for some milliseconds. A tag's set that is full loses the entries that expire first, also as entries. */
export const set = Redis.script(
  (
    names: CacheKeys,
    key: string,
    value: string,
    options: { readonly millis: number; readonly tags: ReadonlyArray<string>; readonly maxEntriesPerTag: number }
  ) => [
    names.entry(key),
    names.index,
    ...options.tags.map(names.tag),
    value,
    options.millis,
    key,
    names.entry(""),
    options.maxEntriesPerTag
  ],
  {
    numberOfKeys: (_names, _key, _value, { tags }) => 2 + tags.length,
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
)

/** Removes one entry. */
export const remove = Redis.script((names: CacheKeys, key: string) => [names.entry(key), names.index, key], {
  numberOfKeys: 2,
  lua: `
redis.call('UNLINK', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])`
})

/** Removes some entries of a tag; tells how many it looked at. */
export const removeTag = Redis.script(
  (names: CacheKeys, tag: string, maxTags: number) => [
    names.tag(tag),
    names.index,
    names.entry(""),
    tag,
    maxTags * (tag.length + 1)
  ],
  {
    numberOfKeys: 2,
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
).withReturnType<number>()

/** Removes some entries of the whole cache; tells how many it looked at. */
export const clear = Redis.script((names: CacheKeys) => [names.index, names.entry("")], {
  numberOfKeys: 1,
  lua: `
local some = redis.call('ZRANGE', KEYS[1], 0, ${batchSize - 1})
for _, key in ipairs(some) do redis.call('UNLINK', ARGV[1] .. key) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, ${batchSize - 1})
return #some`
}).withReturnType<number>()

/**
 * Counts some entries from a place of the index on: how many there are, their
 * bytes, and the place to go on from, which is below zero after the last.
 */
export const count = Redis.script((names: CacheKeys, from: number) => [names.index, names.entry(""), from], {
  numberOfKeys: 1,
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
}).withReturnType<ReadonlyArray<number>>()
