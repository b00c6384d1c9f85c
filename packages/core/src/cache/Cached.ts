/**
 * Caches the results of any function that returns an effect: concurrent callers
 * of the same result share one run, and later callers use the cached result.
 *
 * **Example** (One request per city every ten minutes)
 *
 * ```ts
 * const forecast = yield* Cached.cached({ timeToLive: "10 minutes" })((city: string) => fetchForecast(city))
 * const [one, other] = yield* Effect.all([forecast("Berlin"), forecast("Berlin")], { concurrency: 2 })
 * ```
 *
 * **Details**
 *
 * - Only successes are cached. A failure reaches all waiting callers, and the next
 *   call runs the function again.
 * - Above `maxEntries`, the least recently used result is removed.
 * - A run is interrupted when the last waiting caller is. It has the services of
 *   the first caller.
 *
 * **Gotchas**
 *
 * - Results are shared by key alone, so the key must contain everything that a
 *   result depends on in addition to the arguments, such as a tenant.
 * - `ResponseCache` is the cache of the client. It also has a store, and bounds
 *   its memory in bytes.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { LRUCache } from "lru-cache"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as MonotonicClock from "../internal/MonotonicClock.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import * as Sha256 from "./internal/Sha256.ts"
import * as CanonicalValue from "./internal/key/CanonicalValue.ts"
import * as SingleFlight from "./internal/SingleFlight.ts"

/**
 * A digest of a value: 64 hexadecimal digits from which nothing of it can be
 * read. Equal values have equal digests, for any order of their members;
 * a member that is `undefined` counts as absent. Objects with a `toJSON` method
 * count as what that returns.
 *
 * Functions and symbols have no digest: a value with one is a defect.
 *
 * @category constructors
 * @since 0.1.0
 */
export const cacheKey = (value: unknown): Effect.Effect<string> =>
  Effect.flatMap(Sha256.make, (digest) => Effect.suspend(() => digest(CanonicalValue.stringify(value))))

/**
 * @category options
 * @since 0.1.0
 */
export interface Options<in Args extends ReadonlyArray<unknown> = ReadonlyArray<unknown>> {
  /** How long a result is cached. */
  readonly timeToLive: Duration.Input
  /** The value that identifies a result; `cacheKey` of it is the key. Defaults to all arguments. */
  readonly key?: ((...args: Args) => unknown) | undefined
  /** Maximum number of cached results. Defaults to 1,000. */
  readonly maxEntries?: number | undefined
}

interface Entry<A> {
  readonly value: A
  /** Of `MonotonicClock`. */
  readonly expiresAt: number
}

const make = <A, E>(timeToLive: Duration.Duration, maxEntries: number) => {
  const entries = new LRUCache<string, Entry<A>>({ max: maxEntries })
  const flights = SingleFlight.make<never, A, E>()

  const lookup = (key: string, clock: Clock.Clock): Entry<A> | undefined => {
    const entry = entries.get(key)
    if (entry === undefined || MonotonicClock.millisUnsafe(clock) < entry.expiresAt) return entry
    entries.delete(key)
    return undefined
  }

  const join = <R>(key: string, effect: Effect.Effect<A, E, R>, clock: Clock.Clock, context: Context.Context<R>) =>
    flights.join(key, {
      isRefresh: false,
      tags: [],
      context,
      run: ({ isCurrent }) =>
        Effect.map(Effect.provideContext(effect, context), (value) => {
          const expiresAt = MonotonicClock.millisUnsafe(clock) + Duration.toMillis(timeToLive)
          if (isCurrent()) entries.set(key, { value, expiresAt })
          return value
        })
    })

  return <R>(key: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.clockWith((clock) => {
      const entry = lookup(key, clock)
      if (entry !== undefined) return Effect.succeed(entry.value)
      return Effect.uninterruptibleMask((restore) =>
        Effect.contextWith((context: Context.Context<R>) => {
          const { result, unsubscribe } = join(key, effect, clock, context)
          return Effect.onExit(restore(result), () => unsubscribe)
        })
      )
    })
}

/**
 * A function whose results are cached. Fails with all invalid options.
 *
 * @category constructors
 * @since 0.1.0
 */
export const cached =
  <Args0 extends ReadonlyArray<unknown> = ReadonlyArray<unknown>>({
    key,
    maxEntries = 1_000,
    timeToLive
  }: Options<Args0>) =>
  <Args extends Args0, A, E, R>(
    lookup: (...args: Args) => Effect.Effect<A, E, R>
  ): Effect.Effect<(...args: Args) => Effect.Effect<A, E, R>, ConfigurationError> =>
    Effect.gen(function* () {
      yield* OptionRules.check("Cached", [
        OptionRules.positiveDuration("timeToLive", timeToLive),
        OptionRules.positiveInteger("maxEntries", maxEntries)
      ])
      const digest = yield* Sha256.make
      const run = make<A, E>(OptionRules.durationOf(timeToLive), maxEntries)
      return (...args) =>
        Effect.flatMap(
          Effect.suspend(() => digest(CanonicalValue.stringify(key === undefined ? args : key(...args)))),
          (text) =>
            run(
              text,
              Effect.suspend(() => lookup(...args))
            )
        )
    })
