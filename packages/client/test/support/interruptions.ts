import { assert } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"

/** Starts 1,000 calls within ten minutes and interrupts each within five seconds, if it still runs. */
export const interruptAtRandom = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<void, never, R> =>
  Effect.gen(function* () {
    const one = Effect.gen(function* () {
      yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 600_000)))
      const fiber = yield* Effect.forkChild(Effect.exit(call))
      yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 5_000)))
      yield* Fiber.interrupt(fiber)
    })
    const calls = Array.from({ length: 1_000 }, () => one)
    const all = yield* Effect.forkChild(Effect.all(calls, { concurrency: "unbounded" }))
    yield* TestClock.adjust("1 hour")
    assert.isTrue(Exit.isSuccess(yield* Fiber.await(all)))
  })
