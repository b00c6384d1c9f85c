/**
 * A store of the cache in Redis.
 *
 * - Entries are found by their index and by a set for each tag, which expire
 *   with their last entry.
 * - An operation that Redis does not complete within `timeout` fails. Redis may
 *   still have completed it, or may complete it later.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CacheStoreError } from "../../errors/CacheErrors.ts"
import type { ConfigurationError } from "../../errors/ConfigurationErrors.ts"
import * as OptionRules from "../../internal/OptionRules.ts"
import * as TimeBound from "../../internal/TimeBound.ts"
import * as Redis from "../../Redis.ts"
import type { CacheStore } from "../CacheStore.ts"
import * as Base64 from "./Base64.ts"
import * as CheckedStore from "./CheckedStore.ts"
import * as RedisStoreScripts from "./RedisStoreScripts.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Prefix of every key in Redis. Defaults to `kimi-effect:cache:`. */
  readonly keyPrefix?: string | undefined
  /** Longest wait for the reply of Redis. Defaults to a second. */
  readonly timeout?: Duration.Input | undefined
  /** Largest entry, written or read, in bytes. Defaults to 16 MiB. */
  readonly maxEntryBytes?: number | undefined
  /** Most entries with the same tag; one more removes those that expire first. Defaults to 100,000. */
  readonly maxEntriesPerTag?: number | undefined
}

const name = "redis"
/** Redis keeps no string over 512 MiB; base64 needs a third more. */
const maxValueBytes = 268_435_456
/** The longest expiry for which Redis can compute the time. */
const maxExpiryMillis = 3_153_600_000_000

const failure = CheckedStore.failureOf(name)

const encode = (entry: Uint8Array, tags: ReadonlyArray<string>): string => `${tags.join()}|${Base64.encode(entry)}`

const decode = (value: unknown, maxLength: number): Option.Option<Uint8Array> => {
  if (typeof value !== "string" || value.length > maxLength) return Option.none()
  const bar = value.indexOf("|")
  return bar < 0 ? Option.none() : Base64.decode(value.slice(bar + 1))
}

/**
 * A store in the Redis that is provided.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<CacheStore["Service"], ConfigurationError, Redis.Redis> =>
  Effect.gen(function* () {
    const { keyPrefix = "kimi-effect:cache:", maxEntriesPerTag = 100_000, maxEntryBytes = 16_777_216 } = options
    const timeout = OptionRules.durationOf(options.timeout ?? Duration.seconds(1))
    yield* OptionRules.check("CacheStore", [
      OptionRules.keyPart("keyPrefix", keyPrefix),
      OptionRules.positiveDuration("timeout", timeout),
      OptionRules.bytes("maxEntryBytes", maxEntryBytes, 1, maxValueBytes),
      OptionRules.positiveInteger("maxEntriesPerTag", maxEntriesPerTag)
    ])
    const timeoutMillis = Duration.toMillis(timeout)
    const redis = yield* Redis.Redis
    const clock = yield* Clock.Clock
    const keys = RedisStoreScripts.makeKeys(keyPrefix)
    const scripts = RedisStoreScripts.make(redis, keys, { maxEntriesPerTag, maxTags: CheckedStore.maxTags })
    // A digest of a tag has 32 characters, and a comma or the bar follows it.
    const maxLength = Math.ceil(maxEntryBytes / 3) * 4 + CheckedStore.maxTags * 33

    const perform = <A>(operation: string, command: Effect.Effect<A, Redis.RedisError>) =>
      TimeBound.within(
        Effect.mapError(command, ({ reason }) => failure(operation, reason)),
        timeoutMillis,
        () => Effect.fail(failure(operation, `no reply within ${Duration.format(timeout)}`))
      )

    const whileMore = (operation: string, removeSome: Effect.Effect<number, Redis.RedisError>) =>
      Effect.asVoid(
        Effect.repeat(perform(operation, removeSome), { while: (visited) => visited === RedisStoreScripts.batchSize })
      )

    const countFrom = (
      from: number,
      entries: number,
      bytes: number
    ): Effect.Effect<{ entries: number; bytes: number }, CacheStoreError> =>
      Effect.flatMap(perform("count", scripts.count(from)), ([more = 0, size = 0, next = -1]) => {
        const total = { entries: entries + more, bytes: bytes + size }
        return next < 0 ? Effect.succeed(total) : countFrom(next, total.entries, total.bytes)
      })

    return yield* CheckedStore.make(name, maxEntryBytes, {
      get: (key) =>
        Effect.map(
          // One character over the longest value shows that a value is longer, without reading all of it.
          perform("get", redis.send("GETRANGE", keys.entry(key), "0", `${maxLength}`)),
          (value) => decode(value, maxLength)
        ),
      set: (key, entry, expiresAt, tags) =>
        Effect.suspend(() => {
          const millis = Math.min(Math.max(Math.ceil(expiresAt - clock.currentTimeMillisUnsafe()), 1), maxExpiryMillis)
          return Effect.asVoid(perform("set", scripts.set(key, encode(entry, tags), millis, tags)))
        }),
      remove: (key) => Effect.asVoid(perform("remove", scripts.remove(key))),
      removeTag: (tag) => whileMore("remove a tag", scripts.removeTag(tag)),
      clear: whileMore("clear", scripts.clear),
      statistics: countFrom(0, 0, 0)
    })
  })
