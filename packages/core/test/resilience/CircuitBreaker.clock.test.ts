import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import { classes } from "../../src/errors/KimiError.ts"
import { fail, key, make, rejection, succeed, tag } from "./support/breaker.ts"

const start = Date.UTC(2026, 10, 23, 12)

describe("CircuitBreaker.guard", () => {
  for (const [name, jump] of jumps) {
    it.effect(`keeps a circuit open for its duration when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const breaker = yield* make()
          yield* fail(breaker, undefined, 3)
          set(jump)
          yield* TestClock.adjust("9999 millis")
          assert.deepStrictEqual((yield* rejection(breaker)).retryAfter, Duration.millis(1))
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(yield* succeed(breaker), "answer")
        })
      )
    )

    it.effect(`keeps the pause that the host requested when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const breaker = yield* make()
          const paused = new classes.OverloadedError({ message: "busy", retryAfter: Duration.seconds(30) })
          yield* fail(breaker, paused)
          set(jump)
          yield* fail(breaker, undefined, 2)
          assert.deepStrictEqual((yield* rejection(breaker)).retryAfter, Duration.seconds(30))
        })
      )
    )

    it.effect(`keeps a window of time when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const window = { _tag: "Time", millis: 60_000 } as const
          const breaker = yield* make({ consecutiveFailures: undefined, failureRate: 0.5, window, minimumCalls: 4 })
          yield* fail(breaker, undefined, 3)
          set(jump)
          yield* TestClock.adjust("30 seconds")
          yield* fail(breaker)
          assert.strictEqual(yield* tag(breaker), "Open")
        })
      )
    )

    it.effect(`permits another probe after the time of one when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const breaker = yield* make({ halfOpenPermits: 1 })
          yield* fail(breaker, undefined, 3)
          yield* TestClock.adjust("10 seconds")
          yield* Effect.forkChild(breaker.guard(key)(Effect.never), { startImmediately: true })
          set(jump)
          yield* rejection(breaker)
          yield* TestClock.adjust("30 seconds")
          assert.strictEqual(yield* succeed(breaker), "answer")
        })
      )
    )
  }
})

describe("CircuitBreaker.states", () => {
  it.effect("has the time of day until which a circuit is open", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(start)
        set(1_000)
        const breaker = yield* make()
        yield* fail(breaker, undefined, 3)
        assert.deepInclude((yield* breaker.states).get(key), { _tag: "Open", until: start + 11_000 })
      })
    )
  )
})

describe("CircuitBreaker.restore", () => {
  it.effect("continues an open duration in another process", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        const breaker = yield* make()
        yield* fail(breaker, undefined, 3)
        const states = yield* breaker.states
        // The monotonic time of another process has another origin.
        set(4_000)
        const other = yield* make()
        yield* other.restore(states)
        assert.deepStrictEqual((yield* rejection(other)).retryAfter, Duration.seconds(6))
      })
    )
  )

  it.effect("opens a circuit for the longest duration at most when the clock was set back", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        const breaker = yield* make()
        yield* fail(breaker, undefined, 3)
        const states = yield* breaker.states
        set(-3_600_000)
        const other = yield* make({ maxOpenDuration: Duration.minutes(1) })
        yield* other.restore(states)
        assert.deepStrictEqual((yield* rejection(other)).retryAfter, Duration.minutes(1))
      })
    )
  )

  /** The state of a circuit after three failures, and a fourth in another process some time later. */
  const stateAfter = (millis: number) =>
    withWallClock((set) =>
      Effect.gen(function* () {
        const window = { _tag: "Time", millis: 60_000 } as const
        const options = { consecutiveFailures: undefined, failureRate: 0.5, window, minimumCalls: 4 } as const
        const breaker = yield* make(options)
        yield* fail(breaker, undefined, 3)
        const states = yield* breaker.states
        set(millis)
        const other = yield* make(options)
        yield* other.restore(states)
        yield* fail(other)
        return yield* tag(other)
      })
    )

  it.effect("continues a window of time", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stateAfter(30_000), "Open")
    })
  )

  it.effect("drops the calls of a window that has passed", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stateAfter(70_000), "Closed")
    })
  )
})
