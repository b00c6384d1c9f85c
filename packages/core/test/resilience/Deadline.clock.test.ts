import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import { withDeadline, withStreamDeadline } from "../../src/resilience/Deadline.ts"

const deadline = Duration.seconds(4)

/** Sets the clock after a second, and returns when the call failed. */
const failedAfter = <E>(call: Effect.Effect<unknown, E>, jump: number) =>
  withWallClock((set) =>
    Effect.gen(function* () {
      const begun = yield* Effect.clockWith((clock) => clock.monotonicTimeNanos)
      const ended = Effect.andThen(
        Effect.flip(call),
        Effect.clockWith((clock) => clock.monotonicTimeNanos)
      )
      const fiber = yield* Effect.forkChild(ended)
      yield* TestClock.adjust("1 second")
      set(jump)
      yield* TestClock.adjust("1 day")
      return Number((yield* Fiber.join(fiber)) - begun) / 1e6
    })
  )

describe("withDeadline", () => {
  for (const [name, jump] of jumps) {
    it.effect(`ends a call in time when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* failedAfter(withDeadline(deadline)(Effect.never), jump), 4_000)
      })
    )
  }
})

describe("withStreamDeadline", () => {
  for (const [name, jump] of jumps) {
    it.effect(`ends a silent stream in time when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* failedAfter(Stream.runDrain(withStreamDeadline(deadline)(Stream.never)), jump), 4_000)
      })
    )

    it.effect(`ends a busy stream in time when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        const ticks = Stream.runDrain(withStreamDeadline(deadline)(Stream.tick("900 millis")))
        assert.strictEqual(yield* failedAfter(ticks, jump), 4_000)
      })
    )
  }
})
