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
interface Found<A> {
  readonly value: A
  readonly until: number
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
    const found = Effect.map(look, (value): Found<A> => ({ value, until: clock.currentTimeMillisUnsafe() + millis }))
    const isOver = ({ until }: Found<A>): boolean => clock.currentTimeMillisUnsafe() >= until
    return Effect.map(Cache.make<"it", Found<A>>({ capacity: 1, lookup: () => found }), (cache) =>
      Effect.andThen(
        Cache.invalidateWhen(cache, "it", isOver),
        Effect.map(Cache.get(cache, "it"), ({ value }) => value)
      )
    )
  })
