import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../src/CallOptions.ts"
import { classes } from "../../src/errors/KimiError.ts"
import { CircuitOpenError } from "../../src/errors/ResilienceErrors.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import { account, ask, makeCounted, refusal, start, stateOf } from "./support/admission.ts"
import { errorOf } from "./support/breaker.ts"

describe("the bounds of Admission", () => {
  it.effect("refuses a call that alone exceeds a limit at once", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { tokensPerMinute: 100, tokensPerDay: 1_000 } })
      const error = yield* refusal(admission, 101)
      assert.deepInclude(
        { ...error },
        { _tag: "AdmissionLimitError", account, kind: "tokens per minute", limit: 100, tokens: 101 }
      )
      yield* admission.guard(ask(100))(Effect.void)
      assert.strictEqual((yield* stateOf(admission)).tokensInMinute, 100)
    })
  )

  it.effect("fails a waiting call exactly at its longest wait", () =>
    Effect.gen(function* () {
      const { admission, timers } = yield* makeCounted({ limits: { concurrency: 1 }, maxWait: "30 seconds" })
      yield* start(admission.guard(ask())(Effect.never))
      const fiber = yield* start(admission.guard(ask())(Effect.void))
      yield* TestClock.adjust("29999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepInclude(
        { ...errorOf(yield* Fiber.await(fiber)) },
        { _tag: "AdmissionTimeoutError", account, maxWait: Duration.seconds(30) }
      )
      assert.strictEqual(timers(), 0)
      assert.deepInclude(yield* stateOf(admission), { inFlight: 1, waiting: 0 })
    })
  )

  it.effect("waits two minutes by default", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      yield* start(admission.guard(ask())(Effect.never))
      const fiber = yield* start(admission.guard(ask())(Effect.void))
      yield* TestClock.adjust("119999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(errorOf(yield* Fiber.await(fiber))?._tag, "AdmissionTimeoutError")
    })
  )

  it.effect("estimates the wait by the slowest limit for all queued calls", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({
        limits: { requestsPerMinute: 10, tokensPerMinute: 1_000 },
        maxQueue: 5
      })
      for (let call = 0; call < 10; call++) yield* admission.guard(ask(1))(Effect.void)
      for (let call = 0; call < 5; call++) yield* start(admission.guard(ask(1))(Effect.void))
      // Until the window has room: longer than six at ten per minute.
      assert.deepStrictEqual((yield* refusal(admission, 1)).retryAfter, Duration.millis(61_100))
      assert.deepStrictEqual((yield* refusal(admission, 1_000)).retryAfter, Duration.millis(61_100))
      yield* TestClock.adjust("41100 millis")
      assert.deepStrictEqual((yield* refusal(admission, 1)).retryAfter, Duration.seconds(36))
      assert.deepStrictEqual((yield* refusal(admission, 995)).retryAfter, Duration.seconds(60))
    })
  )

  it.effect("estimates the wait from an average of call durations that weighs each call with an eighth", () =>
    Effect.gen(function* () {
      for (const [calls, seconds] of [
        [1, 2],
        [2, 3.75],
        [80, 16]
      ] as const) {
        const admission = yield* Admission.make({ limits: { concurrency: 2 }, maxQueue: 3 })
        for (let call = 0; call < calls; call++) {
          const fiber = yield* start(admission.guard(ask())(Effect.sleep("8 seconds")))
          yield* TestClock.adjust("8 seconds")
          yield* Fiber.join(fiber)
        }
        for (let call = 0; call < 5; call++) yield* start(admission.guard(ask())(Effect.never))
        // The fourth in the queue, with two permits.
        assert.deepStrictEqual((yield* refusal(admission)).retryAfter, Duration.seconds(seconds))
      }
    })
  )

  it.effect("fails at once with the wait if the day's tokens cannot be available in time", () =>
    Effect.gen(function* () {
      const { admission, timersBegun } = yield* makeCounted({ limits: { tokensPerDay: 100 } })
      yield* admission.guard(ask(95))(Effect.void)
      const error = yield* refusal(admission, 10)
      assert.strictEqual(error._tag, "AdmissionTimeoutError")
      assert.deepStrictEqual(error.retryAfter, Duration.sum(Duration.days(1), Duration.minutes(2)))
      yield* admission.guard(ask(5))(Effect.void)
      assert.strictEqual(timersBegun(), 0)
    })
  )

  it.effect("fails at once with the wait if a pause is longer than the longest wait", () =>
    Effect.gen(function* () {
      const paused = yield* Admission.make()
      const overloaded = new classes.OverloadedError({ message: "429", retryAfter: Duration.minutes(2) })
      for (let call = 0; call < 4; call++) yield* refusal(paused, 0, Effect.fail(overloaded))
      const tooLong = yield* refusal(paused)
      assert.strictEqual(tooLong._tag, "AdmissionTimeoutError")
      assert.deepStrictEqual(tooLong.retryAfter, Duration.minutes(2))
      yield* TestClock.adjust("1 millis")
      const fiber = yield* start(paused.guard(ask())(Effect.void))
      yield* TestClock.adjust("119999 millis")
      assert.deepStrictEqual(fiber.pollUnsafe(), Exit.void)
    })
  )

  it.effect("estimates the rest of the day for a queued call whose tokens are no longer available", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { tokensPerDay: 100, concurrency: 1 }, maxWait: "30 seconds" })
      const running = yield* start(admission.guard(ask(95))(Effect.sleep("10 seconds")))
      const fiber = yield* start(admission.guard(ask(10))(Effect.void))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(running)
      // The end of the first call shows that the tokens will not be available, so it fails then.
      const error = errorOf(yield* Fiber.await(fiber))
      assert.strictEqual(error?._tag, "AdmissionTimeoutError")
      assert.deepStrictEqual(error?.retryAfter, Duration.millis(86_400_000 + 120_000 - 10_000))
    })
  )

  it.effect("refuses a call if the queue of its priority is full", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 }, maxQueue: 2 })
      yield* start(admission.guard(ask())(Effect.never))
      for (let call = 0; call < 2; call++) yield* start(admission.guard(ask())(Effect.void))
      const error = yield* refusal(admission)
      assert.deepInclude({ ...error }, { _tag: "AdmissionQueueFullError", account, limit: 2 })
      assert.isDefined(error.retryAfter)
      yield* start(CallOptions.provide({ priority: "swarm" })(admission.guard(ask())(Effect.void)))
      assert.strictEqual((yield* stateOf(admission)).waiting, 3)
    })
  )

  it.effect("refuses every call that would wait if the longest wait is zero", () =>
    Effect.gen(function* () {
      const { admission, timersBegun } = yield* makeCounted({ limits: { concurrency: 1 }, maxWait: 0 })
      yield* start(admission.guard(ask())(Effect.never))
      assert.strictEqual((yield* refusal(admission))._tag, "AdmissionTimeoutError")
      assert.strictEqual(timersBegun(), 0)
    })
  )
})

describe("the watch of Admission", () => {
  const open = new CircuitOpenError({ message: "open", key: "moonshot/kimi-k3", state: "open" })

  it.effect("rejects a queued call whose circuit has opened without counting it", () =>
    Effect.gen(function* () {
      const { admission, timers } = yield* makeCounted({ limits: { concurrency: 1, requestsPerMinute: 10 } })
      const end = yield* Deferred.make<string>()
      yield* start(admission.guard(ask())(Deferred.await(end)))
      let isOpen = false
      const watched = ask(0, () => () => (isOpen ? open : undefined))
      const fibers = []
      for (let call = 0; call < 5; call++) {
        fibers.push(yield* start(admission.guard(watched)(Effect.die("made"))))
      }
      const other = yield* start(admission.guard(ask())(Effect.succeed("other")))
      isOpen = true
      yield* Deferred.succeed(end, "answer")
      for (const fiber of fibers) assert.strictEqual(errorOf(yield* Fiber.await(fiber)), open)
      assert.deepStrictEqual(yield* Fiber.await(other), Exit.succeed("other"))
      assert.deepInclude(yield* stateOf(admission), { inFlight: 0, waiting: 0, requestsInMinute: 2 })
      assert.strictEqual(timers(), 0)
    })
  )

  it.effect("is not called for a call that need not wait", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      yield* admission.guard(ask(0, () => assert.fail("asked")))(Effect.void)
    })
  )
})
