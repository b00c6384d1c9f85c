/**
 * Caches the result of an effect for a time. Concurrent callers share one run.
 *
 * @since 0.1.0
 */
import * as Cache from "effect/Cache"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as MonotonicClock from "./MonotonicClock.ts"

/** A result, and when it expires by `MonotonicClock`. */
interface CachedValue<A> {
  readonly value: A
  readonly expiresAt: number
}

/**
 * An effect that runs `lookup`, or returns its latest result. It reads the clock
 * with which it was made: Effect's cache reads that of the first calling fiber,
 * which may have ended. With a `timeToLive` of zero only concurrent callers share
 * a result.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(lookup: Effect.Effect<A>, timeToLive: Duration.Duration): Effect.Effect<Effect.Effect<A>> =>
  Effect.flatMap(Clock.Clock, (clock) => {
    const millis = Duration.toMillis(timeToLive)
    const timed = Effect.map(lookup, (value): CachedValue<A> => ({
      value,
      expiresAt: MonotonicClock.millisUnsafe(clock) + millis
    }))
    const isExpired = ({ expiresAt }: CachedValue<A>): boolean => MonotonicClock.millisUnsafe(clock) >= expiresAt
    return Effect.map(Cache.make<"value", CachedValue<A>>({ capacity: 1, lookup: () => timed }), (cache) =>
      Effect.andThen(
        Cache.invalidateWhen(cache, "value", isExpired),
        Effect.map(Cache.get(cache, "value"), ({ value }) => value)
      )
    )
  })
