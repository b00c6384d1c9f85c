import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Random, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { classes, type KimiError } from "../../src/errors/KimiError.ts"
import { defaults } from "../../src/KimiConfig.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import * as Retry from "../../src/resilience/Retry.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"

const overloaded = new classes.OverloadedError({ message: "overloaded", provider: "moonshot", requestId: "r-1" })
const quota = new classes.QuotaExceededError({ message: "empty" })
const lost = new classes.ConnectionLostError({ message: "lost" })
const limited = (after: Duration.Input) =>
  new classes.RateLimitError({ message: "slow", kind: "unknown", retryAfter: Duration.fromInputUnsafe(after) })

/** An attempt that fails with each error in turn and then succeeds, and when each attempt began. */
const script = (...errors: ReadonlyArray<KimiError>) => {
  const times: Array<number> = []
  const attempt = Effect.gen(function* () {
    times.push(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
    const error = errors[times.length - 1]
    if (error !== undefined) return yield* Effect.fail(error)
    return "answer"
  })
  return { attempt, times }
}

/** Without chance: 500, 1000, 2000, … milliseconds. */
const plain: Retry.Options = { ...Retry.fromConfig(defaults), jitter: "none" }

const run = <A, E>(
  attempt: Effect.Effect<A, E & KimiError>,
  options: Partial<Retry.Options> = {},
  budget?: RetryBudget.Options
) =>
  Effect.gen(function* () {
    const shared = yield* RetryBudget.make(budget)
    const fiber = yield* Effect.forkChild(Retry.withRetry({ ...plain, ...options }, shared)(attempt))
    yield* TestClock.adjust("1 day")
    return { exit: yield* Fiber.await(fiber), tokens: (yield* shared.state).tokens }
  })

const errorOf = (exit: Exit.Exit<unknown, KimiError>): KimiError => {
  const error = Exit.isFailure(exit) ? exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error : undefined
  return error ?? assert.fail("a failure was expected")
}

describe("withRetry", () => {
  it.effect("doubles the wait after every failure", () =>
    Effect.gen(function* () {
      const { attempt, times } = script(overloaded, overloaded, overloaded)
      const { exit } = yield* run(attempt)
      assert.deepStrictEqual(exit, Exit.succeed("answer"))
      assert.deepStrictEqual(times, [0, 500, 1_500, 3_500])
    })
  )

  it.effect("takes delays in any form of a duration", () =>
    Effect.gen(function* () {
      const { attempt, times } = script(overloaded, overloaded)
      yield* run(attempt, { baseDelay: "2 seconds", maxDelay: 3_000, maxElapsed: "1 hour", attemptTimeout: "1 minute" })
      assert.deepStrictEqual(times, [0, 2_000, 5_000])
    })
  )

  it.effect("does not retry a final error", () =>
    Effect.gen(function* () {
      const { attempt, times } = script(quota)
      const { exit } = yield* run(attempt)
      assert.strictEqual(errorOf(exit), quota)
      assert.deepStrictEqual(times, [0])
    })
  )

  it.effect("fails with the last error with the facts of every attempt", () =>
    Effect.gen(function* () {
      const { attempt } = script(overloaded, limited("1 second"), quota)
      const error = errorOf((yield* run(attempt)).exit)
      assert.strictEqual(error._tag, "QuotaExceededError")
      assert.deepStrictEqual(error.attempts, [
        {
          tag: "OverloadedError",
          provider: "moonshot",
          requestId: "r-1",
          startedAt: 0,
          duration: 0,
          delay: 500,
          isPossiblyBilled: false
        },
        { tag: "RateLimitError", startedAt: 500, duration: 0, delay: 1_000, isPossiblyBilled: false },
        { tag: "QuotaExceededError", startedAt: 1_500, duration: 0, delay: 0, isPossiblyBilled: false }
      ])
    })
  )

  it.effect("stops at the maximum number of attempts", () =>
    Effect.gen(function* () {
      const { attempt, times } = script(overloaded, overloaded, overloaded, overloaded)
      const { exit } = yield* run(attempt, { maxAttempts: 3 })
      assert.strictEqual(errorOf(exit)._tag, "OverloadedError")
      assert.strictEqual(times.length, 3)
    })
  )

  it.effect("uses the host's wait as a growing minimum", () =>
    Effect.gen(function* () {
      const { attempt, times } = script(limited("1 second"), limited("1 second"), limited("1 second"))
      yield* run(attempt)
      assert.deepStrictEqual(times, [0, 1_000, 2_000, 4_000])
    })
  )

  it.effect("fails at once if the host requests more than the longest wait", () =>
    Effect.gen(function* () {
      const { attempt, times } = script(limited("31 seconds"))
      const error = errorOf((yield* run(attempt)).exit)
      assert.deepStrictEqual(error.retryAfter, Duration.seconds(31))
      assert.deepStrictEqual(times, [0])
      const allowed = script(limited("30 seconds"))
      assert.deepStrictEqual((yield* run(allowed.attempt)).exit, Exit.succeed("answer"))
    })
  )

  it.effect("repeats an attempt that may have been billed as configured", () =>
    Effect.gen(function* () {
      for (const [ambiguous, expected] of [
        [0, 1],
        [1, 2],
        [3, 4]
      ] as const) {
        const { attempt, times } = script(lost, lost, lost, lost)
        const error = errorOf((yield* run(attempt, { ambiguous, maxAttempts: 4 })).exit)
        assert.strictEqual(times.length, expected)
        assert.isTrue(error.attempts?.every((facts) => facts.isPossiblyBilled) ?? true)
      }
    })
  )

  it.effect("does not start a wait beyond the time for all attempts", () =>
    Effect.gen(function* () {
      const { attempt, times } = script(overloaded, overloaded, overloaded)
      const { exit } = yield* run(attempt, { maxElapsed: Duration.millis(1_500) })
      assert.strictEqual(errorOf(exit)._tag, "OverloadedError")
      assert.deepStrictEqual(times, [0, 500])
    })
  )

  it.effect("interrupts an attempt at the time for all attempts", () =>
    Effect.gen(function* () {
      let interrupted = false
      const hanging = Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted = true)))
      const budget = yield* RetryBudget.make()
      const fiber = yield* Effect.forkChild(
        Retry.withRetry({ ...plain, maxElapsed: Duration.seconds(5) }, budget)(hanging)
      )
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = errorOf(yield* Fiber.await(fiber))
      assert.strictEqual(error._tag, "DeadlineExceededError")
      assert.isTrue(interrupted)
    })
  )

  it.effect("does not retry if the client's budget is exhausted", () =>
    Effect.gen(function* () {
      const { attempt, times } = script(overloaded, overloaded)
      const { exit } = yield* run(attempt, {}, { capacity: 5 })
      assert.strictEqual(errorOf(exit)._tag, "OverloadedError")
      assert.deepStrictEqual(times, [0, 500])
    })
  )

  it.effect("returns the tokens of a retry that succeeds", () =>
    Effect.gen(function* () {
      const { attempt } = script(overloaded)
      assert.strictEqual((yield* run(attempt)).tokens, 500)
      assert.strictEqual((yield* run(script(overloaded, overloaded, overloaded).attempt)).tokens, 500)
      const failing = script(overloaded, quota)
      assert.strictEqual((yield* run(failing.attempt)).tokens, 495)
    })
  )

  it.effect("follows a user-defined schedule until it ends", () =>
    Effect.gen(function* () {
      const schedule = Schedule.spaced("7 millis").pipe(Schedule.setInputType<KimiError>(), Schedule.upTo({ times: 2 }))
      const { attempt, times } = script(overloaded, overloaded, overloaded, overloaded)
      yield* run(attempt, { schedule, maxAttempts: 10 })
      assert.deepStrictEqual(times, [0, 7, 14])
    })
  )

  it.effect("can be interrupted while it waits", () =>
    Effect.gen(function* () {
      const { attempt, times } = script(overloaded, overloaded)
      const budget = yield* RetryBudget.make()
      const fiber = yield* Effect.forkChild(Retry.withRetry(plain, budget)(attempt))
      yield* TestClock.adjust("100 millis")
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(times, [0])
    })
  )

  it.effect("bounds the retries against a host that is down to a tenth of the calls", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make()
      let attempts = 0
      const dead = Effect.suspend(() => {
        attempts++
        return Effect.fail(overloaded)
      })
      const calls = (count: number) =>
        Effect.forEach(Array.from({ length: count }), () => Effect.flip(Retry.withRetry(plain, budget)(dead)), {
          concurrency: 50,
          discard: true
        })
      const fiber = yield* Effect.forkChild(calls(100))
      yield* TestClock.adjust("1 day")
      yield* Fiber.join(fiber)
      attempts = 0
      const drained = yield* Effect.forkChild(calls(1_000))
      yield* TestClock.adjust("1 day")
      yield* Fiber.join(drained)
      assert.isAtMost(attempts, 1_100)
    })
  )

  it.effect("waits at least as long as requested for any jitter", () =>
    Effect.gen(function* () {
      for (let seed = 0; seed < 300; seed++) {
        const floors = yield* Random.withSeed(
          Effect.all(Array.from({ length: 5 }, () => Random.nextIntBetween(0, 5_000))),
          `floors-${seed}`
        )
        const jitter = (["full", "equal", "decorrelated"] as const)[seed % 3] ?? "full"
        const { attempt, times } = script(...floors.map((floor) => limited(Duration.millis(floor))))
        yield* Random.withSeed(run(attempt, { jitter, maxAttempts: 10 }), seed)
        for (const [index, floor] of floors.entries()) {
          const waited = (times[index + 1] ?? Number.NaN) - (times[index] ?? Number.NaN)
          assert.isAtLeast(waited, floor)
          assert.isAtMost(waited, Math.max(floor, 30_000))
        }
      }
    })
  )
})

describe("withStreamRetry", () => {
  const start: StreamEvent = { _tag: "Start", id: "1", model: "kimi-k3", created: 0 }
  const text: StreamEvent = { _tag: "TextDelta", choice: 0, text: "a" }

  const streamed = (...plays: ReadonlyArray<Stream.Stream<StreamEvent, KimiError>>) =>
    Effect.gen(function* () {
      let runs = 0
      const budget = yield* RetryBudget.make()
      const attempt = Stream.suspend(() => plays[runs++] ?? Stream.empty)
      const fiber = yield* Effect.forkChild(
        Effect.exit(Stream.runCollect(Retry.withStreamRetry(plain, budget)(attempt)))
      )
      yield* TestClock.adjust("1 day")
      return { exit: yield* Fiber.join(fiber), runs }
    })

  it.effect("hides the events of attempts that fail before the first content", () =>
    Effect.gen(function* () {
      const { exit, runs } = yield* streamed(
        Stream.fail(overloaded),
        Stream.concat(Stream.succeed(start), Stream.fail(lost)),
        Stream.fromIterable([start, text])
      )
      assert.deepStrictEqual(exit, Exit.succeed([start, text]))
      assert.strictEqual(runs, 3)
    })
  )

  it.effect("never retries after the first content", () =>
    Effect.gen(function* () {
      const { exit, runs } = yield* streamed(
        Stream.concat(Stream.fromIterable([start, text]), Stream.fail(overloaded)),
        Stream.fromIterable([start, text])
      )
      assert.strictEqual(errorOf(exit), overloaded)
      assert.strictEqual(runs, 1)
    })
  )
})
