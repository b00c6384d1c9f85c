/**
 * Holds what was found for a time: meanwhile nobody looks again, and never do
 * two look at the same time.
 *
 * @since 0.1.0
 */
import * as Cache from "effect/Cache"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** What was found, and until when that is believed, in Unix milliseconds. */
interface CachedValue<A> {
  readonly value: A
  readonly expiresAt: number
}

/**
 * Makes an effect that looks, or gives what was found last. Its time is that of
 * the clock it was made with: the cache's own reads the clock of the fiber that
 * asked first, which may be gone by then. What is held for no time answers only
 * those whose look it was.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(look: Effect.Effect<A>, time: Duration.Duration): Effect.Effect<Effect.Effect<A>> =>
  Effect.flatMap(Clock.Clock, (clock) => {
    const millis = Duration.toMillis(time)
    const found = Effect.map(look, (value): CachedValue<A> => ({
      value,
      expiresAt: clock.currentTimeMillisUnsafe() + millis
    }))
    const isOver = ({ expiresAt }: CachedValue<A>): boolean => clock.currentTimeMillisUnsafe() >= expiresAt
    return Effect.map(Cache.make<"it", CachedValue<A>>({ capacity: 1, lookup: () => found }), (cache) =>
      Effect.andThen(
        Cache.invalidateWhen(cache, "it", isOver),
        Effect.map(Cache.get(cache, "it"), ({ value }) => value)
      )
    )
  })
