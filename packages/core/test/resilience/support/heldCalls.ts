/**
 * Calls whose end a test controls, and calls that end at once.
 */
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { ask, type Service, start } from "./admission.ts"

/** A call that ends on demand. */
export const startCall = Effect.fnUntraced(function* (admission: Service, tokens = 0) {
  const end = yield* Deferred.make<void>()
  let isRunning = false
  const attempt = Effect.andThen(
    Effect.sync(() => {
      isRunning = true
    }),
    Deferred.await(end)
  )
  const fiber = yield* start(admission.guard(ask(tokens))(attempt))
  return { fiber, isRunning: () => isRunning, end: Deferred.succeed(end, undefined) }
})

/** How many of this many calls, each of which ends at once, are admitted before one has to wait. */
export const countAdmitted = Effect.fnUntraced(function* (admission: Service, calls: number, tokens = 0) {
  let made = 0
  const attempt = admission.guard(ask(tokens))(
    Effect.sync(() => {
      made += 1
    })
  )
  const fibers = yield* Effect.forEach(Array.from({ length: calls }), () => start(Effect.exit(attempt)))
  yield* TestClock.adjust("2 seconds")
  yield* Effect.forEach(fibers, Fiber.interrupt, { discard: true })
  return made
})
