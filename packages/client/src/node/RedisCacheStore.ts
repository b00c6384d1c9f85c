/**
 * A store of the cache in Redis, which the processes of several machines share.
 *
 * Provide it with Effect's `Redis`, such as `NodeRedis.layer` of
 * `@effect/platform-node`.
 *
 * **Details**
 *
 * - Entries expire by themselves, by Redis' own clock; how much is kept is for
 *   its `maxmemory` and `maxmemory-policy` to say.
 * - Nothing is searched for: entries are listed in an index and in a set per
 *   tag, which expire with their last entry. A tag has at most `maxEntriesPerTag`
 *   entries; the one after that removes those that expire first.
 * - An operation that Redis does not answer within `timeout` fails. Redis may
 *   have done it all the same, or do it later.
 *
 * **Gotchas**
 *
 * - While it is not connected, node-redis keeps commands to send them later:
 *   `disableOfflineQueue: true` makes them fail at once.
 * - All keys share one hash tag, so a cluster keeps the cache on one node.
 *
 * @since 0.1.0
 */
import { CacheStore } from "@kimi-effect/core/CacheStore"
import type { CacheStoreError } from "@kimi-effect/core/CacheErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redis from "effect/persistence/Redis"
import * as checkedStore from "./internal/checkedStore.ts"
import * as redisCacheScripts from "./internal/redisCacheScripts.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** What the keys in Redis begin with, in braces. Defaults to `kimi-effect:cache:`. */
  readonly keyPrefix?: string | undefined
  /** Longest wait for an answer of Redis. Defaults to a second. */
  readonly timeout?: Duration.Input | undefined
  /** Largest entry, written or read, in bytes. Defaults to 16 MiB. */
  readonly maxEntryBytes?: number | undefined
  /** Most entries that carry the same tag. Defaults to 100,000. */
  readonly maxEntriesPerTag?: number | undefined
}

const name = "redis"
/** Redis keeps no string over this. */
const maxValueBytes = 268_435_456
/** The longest time that Redis is given, so that it can add it to its clock. */
const maxExpiryMillis = 3_153_600_000_000

const failure = checkedStore.failureOf(name)

/** The error code that Redis' own errors begin with, and nothing of their text. */
const reasonOf = ({ cause }: Redis.RedisError): string => {
  if (!(cause instanceof Error)) return "unknown"
  if ("code" in cause && typeof cause.code === "string") return cause.code
  return /^[A-Z]{2,}\b/.exec(cause.message)?.[0] ?? cause.name
}

/** Tags, a bar, and the bytes. */
const encode = (entry: Uint8Array, tags: ReadonlyArray<string>): string =>
  `${tags.join()}|${Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString("base64")}`

const decode = (value: unknown, maxLength: number): Option.Option<Uint8Array> => {
  if (typeof value !== "string" || value.length > maxLength) return Option.none()
  const bar = value.indexOf("|")
  return bar < 0 ? Option.none() : Option.some(Buffer.from(value.slice(bar + 1), "base64"))
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<CacheStore["Service"], ConfigurationError, Redis.Redis> =>
  Effect.gen(function* () {
    const { maxEntryBytes = 16_777_216, maxEntriesPerTag = 100_000, keyPrefix = "kimi-effect:cache:" } = options
    const timeout = OptionRules.durationOf(options.timeout ?? Duration.seconds(1))
    yield* OptionRules.check("RedisCacheStore", [
      ["keyPrefix", /^[^{}]+$/.test(keyPrefix), "a text without braces"],
      OptionRules.positiveDuration("timeout", timeout),
      OptionRules.bytes("maxEntryBytes", maxEntryBytes, 1, maxValueBytes),
      OptionRules.positiveInteger("maxEntriesPerTag", maxEntriesPerTag)
    ])
    const redis = yield* Redis.Redis
    const clock = yield* Clock.Clock
    const names = redisCacheScripts.makeKeys(keyPrefix)
    const set = redis.eval(redisCacheScripts.set)
    const remove = redis.eval(redisCacheScripts.remove)
    const removeTag = redis.eval(redisCacheScripts.removeTag)
    const clear = redis.eval(redisCacheScripts.clear)
    const count = redis.eval(redisCacheScripts.count)
    const { maxTags } = checkedStore
    const maxLength = Math.ceil(maxEntryBytes / 3) * 4 + maxTags * 33 + 1

    const perform = <A>(operation: string, command: Effect.Effect<A, Redis.RedisError>) =>
      command.pipe(
        Effect.mapError((error) => failure(operation, reasonOf(error))),
        Effect.timeoutOrElse({
          duration: timeout,
          orElse: () => Effect.fail(failure(operation, `no answer within ${Duration.format(timeout)}`))
        })
      )

    const whileMore = (operation: string, removeSome: Effect.Effect<number, Redis.RedisError>) =>
      Effect.asVoid(
        Effect.repeat(perform(operation, removeSome), { while: (looked) => looked === redisCacheScripts.batchSize })
      )

    const countFrom = (
      from: number,
      entries: number,
      bytes: number
    ): Effect.Effect<{ entries: number; bytes: number }, CacheStoreError> =>
      Effect.flatMap(perform("count", count(names, from)), ([more = 0, size = 0, next = -1]) => {
        const total = { entries: entries + more, bytes: bytes + size }
        return next < 0 ? Effect.succeed(total) : countFrom(next, total.entries, total.bytes)
      })

    return yield* checkedStore.make(name, maxEntryBytes, {
      get: (key) =>
        Effect.map(
          // One character over the longest value, so that a longer one is noticed and not read.
          perform("get", redis.send("GETRANGE", names.entry(key), "0", `${maxLength}`)),
          (value) => decode(value, maxLength)
        ),
      set: (key, entry, expiresAt, tags) =>
        Effect.suspend(() => {
          const millis = Math.min(Math.max(Math.ceil(expiresAt - clock.currentTimeMillisUnsafe()), 1), maxExpiryMillis)
          return perform(
            "set",
            set(names, key, encode(entry, tags), { millis, tags, maxEntriesPerTag: maxEntriesPerTag })
          )
        }),
      remove: (key) => perform("remove", remove(names, key)),
      removeTag: (tag) => whileMore("remove a tag", removeTag(names, tag, maxTags)),
      clear: whileMore("clear", clear(names)),
      statistics: countFrom(0, 0, 0)
    })
  })

/**
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<CacheStore, ConfigurationError, Redis.Redis> =>
  Layer.effect(CacheStore, make(options))
