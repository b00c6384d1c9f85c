/**
 * Interruption without waiting for the operation to end.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { observeExit } from "./observeExit.ts"

/**
 * Runs an operation so that an interrupt does not wait until the operation has
 * ended, which may take long for one that cannot be interrupted.
 *
 * @category combinators
 * @since 0.1.0
 */
export const interruptWithoutWaiting = <A, E>(operation: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.context<never>(), (context) =>
    Effect.callback((resume) => {
      const fiber = Effect.runForkWith(context)(operation)
      observeExit(fiber, resume)
      return Effect.sync(() => fiber.interruptUnsafe())
    })
  )
