/**
 * Leaves an operation behind that does not end when it is interrupted.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"

/**
 * Does not wait for an operation that will not be interrupted: it is
 * interrupted, and may go on alone until it has noticed.
 *
 * @category combinators
 * @since 0.1.0
 */
export const interruptWithoutWaiting = <A, E>(operation: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.context<never>(), (context) =>
    Effect.callback((resume) => {
      const fiber = Effect.runForkWith(context)(operation)
      fiber.addObserver(resume)
      return Effect.sync(() => fiber.interruptUnsafe())
    })
  )
