/**
 * Calls whose end the test decides, and calls that are over at once.
 */
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { ask, type Service, start } from "./admission.ts"

/** A call that ends when it is told to. */
export const held = Effect.fnUntraced(function* (door: Service, tokens = 0) {
  const end = yield* Deferred.make<void>()
  let isRunning = false
  const attempt = Effect.andThen(
    Effect.sync(() => {
      isRunning = true
    }),
    Deferred.await(end)
  )
  const fiber = yield* start(door.guard(ask(tokens))(attempt))
  return { fiber, isRunning: () => isRunning, end: Deferred.succeed(end, undefined) }
})

/** How many of so many calls, each over at once, are let in before anybody has to wait. */
export const letIn = Effect.fnUntraced(function* (door: Service, calls: number, tokens = 0) {
  let made = 0
  const attempt = door.guard(ask(tokens))(
    Effect.sync(() => {
      made += 1
    })
  )
  const fibers = yield* Effect.forEach(Array.from({ length: calls }), () => start(Effect.exit(attempt)))
  yield* TestClock.adjust("2 seconds")
  yield* Effect.forEach(fibers, Fiber.interrupt, { discard: true })
  return made
})
