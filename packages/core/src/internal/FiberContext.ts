/** Contexts of fibers while effects run. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"

/**
 * Runs an effect in another context, and `onEnd` with its exit in the context
 * around it, which need not return an effect. It takes half of the steps of
 * `Effect.onExit` around `Effect.updateContext`.
 *
 * What it returns is for this fiber and for one run: it is made within
 * `Effect.withFiber`.
 */
export const runIn = <A, E>(
  fiber: Fiber.Fiber<unknown, unknown>,
  context: Context.Context<never>,
  start: () => Effect.Effect<A, E>,
  onEnd: (exit: Exit.Exit<A, E>) => Effect.Effect<void> | undefined
): Effect.Effect<A, E> => {
  const outer = fiber.context
  return Effect.onExitPrimitive(
    // Not before the finalizer is on the stack, which restores the context even if the fiber is interrupted here.
    Effect.suspend(() => {
      fiber.setContext(context)
      return start()
    }),
    (exit) => {
      fiber.setContext(outer)
      return onEnd(exit)
    }
  )
}
