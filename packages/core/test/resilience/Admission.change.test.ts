import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as KimiConfig from "../../src/KimiConfig.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import { account, ask, isIdle, makeCounted, start, stateOf } from "./support/admission.ts"
import { makeRedisAdmission, makeFakeRedis } from "./support/admissionRedis.ts"
import { errorOf } from "./support/breaker.ts"
import { startCall } from "./support/heldCalls.ts"

const values = (options: KimiConfig.Options) => KimiConfig.make({ provider: "ollama", ...options })

describe("Admission.change", () => {
  it.effect("admits queued calls at once when limits are raised", () =>
    Effect.gen(function* () {
      const { admission, timers } = yield* makeCounted({ limits: { concurrency: 1 } })
      const calls = yield* Effect.forEach([1, 2, 3, 4], () => startCall(admission))
      yield* admission.change({ limits: { concurrency: 3 } })
      assert.deepStrictEqual(
        calls.map(({ isRunning }) => isRunning()),
        [true, true, true, false]
      )
      assert.deepInclude(yield* stateOf(admission), { inFlight: 3, waiting: 1, concurrency: 3 })
      yield* admission.change({ limits: {} })
      for (const { end, fiber } of calls) yield* Effect.andThen(end, Fiber.join(fiber))
      yield* isIdle(admission)
      assert.strictEqual(timers(), 0)
    })
  )

  it.effect("admits no call until running calls fit the lowered limits", () =>
    Effect.gen(function* () {
      const { admission } = yield* makeCounted({ limits: { concurrency: 3 } })
      const running = yield* Effect.forEach([1, 2, 3], () => startCall(admission))
      yield* admission.change({ limits: { concurrency: 1 } })
      const next = yield* startCall(admission)
      for (const { end, fiber } of running) {
        assert.isFalse(next.isRunning())
        yield* end
        yield* Fiber.join(fiber)
      }
      assert.isTrue(next.isRunning())
      assert.deepInclude(yield* stateOf(admission), { inFlight: 1, waiting: 0 })
    })
  )

  it.effect("reevaluates the waits of queued calls when rates change", () =>
    Effect.gen(function* () {
      const { admission } = yield* makeCounted({ limits: { requestsPerMinute: 1 }, margin: 0 })
      yield* admission.guard(ask())(Effect.void)
      const waiting = yield* startCall(admission)
      yield* TestClock.adjust("1 second")
      yield* admission.change({ limits: { requestsPerMinute: 2 } })
      assert.isTrue(waiting.isRunning())
      const late = yield* start(admission.guard(ask())(Effect.void))
      yield* TestClock.adjust("30 seconds")
      yield* admission.change({ limits: { requestsPerMinute: 1 } })
      // The one that began last has to leave the window now: 61 seconds after the start.
      yield* TestClock.adjust("30 seconds")
      assert.isUndefined(late.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(late.pollUnsafe(), Exit.void)
    })
  )

  it.effect("fails a queued call that is too large for the new limits", () =>
    Effect.gen(function* () {
      const { admission } = yield* makeCounted({ limits: { concurrency: 1, tokensPerMinute: 100 } })
      yield* startCall(admission, 10)
      const large = yield* start(admission.guard(ask(60))(Effect.void))
      yield* admission.change({ limits: { concurrency: 1, tokensPerMinute: 50 } })
      assert.strictEqual(errorOf(yield* Fiber.await(large))?._tag, "AdmissionLimitError")
    })
  )

  it.effect("changes only the accounts for which it has limits", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const enter = (name: string) => start(admission.guard({ ...ask(), account: name })(Effect.never))
      yield* enter("a")
      yield* enter("b")
      yield* admission.change({ limits: (name) => (name === "b" ? undefined : { concurrency: 2 }) })
      yield* enter("c")
      const states = yield* admission.states
      assert.deepStrictEqual(
        [...states].map(([name, { concurrency }]) => [name, concurrency]),
        [
          ["a", 2],
          ["b", 1],
          ["c", 2]
        ]
      )
      assert.strictEqual(states.size, 3)
    })
  )

  it.effect("applies a new longest wait to later calls only", () =>
    Effect.gen(function* () {
      const { admission, timers } = yield* makeCounted({ limits: { concurrency: 1 }, maxWait: "1 minute" })
      const first = yield* startCall(admission)
      const earlier = yield* start(admission.guard(ask())(Effect.void))
      yield* admission.change({ maxWait: "10 seconds" })
      const later = yield* start(admission.guard(ask())(Effect.void))
      assert.strictEqual(timers(), 1)
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(later.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = errorOf(yield* Fiber.await(later))
      assert.strictEqual(error?._tag, "AdmissionTimeoutError")
      assert.deepInclude({ ...error }, { maxWait: Duration.seconds(10) })
      yield* TestClock.adjust("49999 millis")
      assert.isUndefined(earlier.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepInclude({ ...errorOf(yield* Fiber.await(earlier)) }, { maxWait: Duration.minutes(1) })
      yield* first.end
      yield* Fiber.join(first.fiber)
      yield* isIdle(admission)
      assert.strictEqual(timers(), 0)
    })
  )

  it.effect("applies a shorter queue to the next call", () =>
    Effect.gen(function* () {
      const { admission } = yield* makeCounted({ limits: { concurrency: 1 }, maxQueue: 5 })
      yield* startCall(admission)
      yield* start(admission.guard(ask())(Effect.void))
      yield* admission.change({ maxQueue: 1 })
      const error = yield* Effect.flip(admission.guard(ask())(Effect.void))
      assert.strictEqual(error._tag, "AdmissionQueueFullError")
      assert.deepInclude(yield* stateOf(admission), { waiting: 1 })
    })
  )

  it.effect("refuses a change as a whole with all invalid options", () =>
    Effect.gen(function* () {
      const { admission } = yield* makeCounted({ limits: { concurrency: 1 } })
      yield* startCall(admission)
      const error = yield* Effect.flip(
        admission.change({ limits: { concurrency: 9, tokensPerDay: 0 }, maxQueue: -1, maxWait: Duration.infinity })
      )
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["Admission tokensPerDay", "Admission maxQueue", "Admission maxWait"]
      )
      assert.deepInclude(yield* stateOf(admission), { concurrency: 1 })
    })
  )

  it.effect("sends new limits to Redis at once for queued calls", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const other = yield* makeRedisAdmission(fakeRedis, { limits: { requestsPerMinute: 1 } })
      const admission = yield* makeRedisAdmission(fakeRedis, { limits: { requestsPerMinute: 1 }, maxQueue: 1 })
      yield* startCall(other)
      yield* TestClock.adjust("10 millis")
      const waiting = yield* startCall(admission)
      yield* TestClock.adjust("10 millis")
      assert.isFalse(waiting.isRunning())
      yield* admission.change({ limits: { requestsPerMinute: 2, concurrency: 30 } })
      yield* TestClock.adjust("10 millis")
      assert.isTrue(waiting.isRunning())
      assert.deepStrictEqual(fakeRedis.limits, [30, 2, -1, -1])
    })
  )

  it.effect("changes the queue length of limits on Redis", () =>
    Effect.gen(function* () {
      const admission = yield* makeRedisAdmission(makeFakeRedis(), { limits: { requestsPerMinute: 1 }, maxQueue: 1 })
      yield* startCall(admission)
      yield* TestClock.adjust("10 millis")
      yield* admission.change({ maxQueue: 2 })
      yield* startCall(admission)
      yield* startCall(admission)
      yield* TestClock.adjust("10 millis")
      assert.deepInclude(yield* stateOf(admission), { inFlight: 1, waiting: 2 })
    })
  )
})

describe("Admission.makeReloadable", () => {
  it.effect("applies the options of another configuration to its accounts", () =>
    Effect.gen(function* () {
      const first = yield* values({ maxConcurrency: 1 })
      const { admissionOf, reload } = yield* Admission.makeReloadable(first)
      const admission = admissionOf(first)
      yield* startCall(admission)
      const waiting = yield* startCall(admission)
      const next = yield* values({ maxConcurrency: 2, admissionMaxQueue: 1 })
      yield* reload(next, (name) => (name === account ? next : undefined))
      assert.isTrue(waiting.isRunning())
      yield* startCall(admission)
      assert.strictEqual((yield* Effect.flip(admission.guard(ask())(Effect.void)))._tag, "AdmissionQueueFullError")
      // An account without a configuration has no known limits.
      yield* start(admission.guard({ ...ask(), account: "other" })(Effect.never))
      assert.deepInclude((yield* admission.states).get("other"), { concurrency: Number.POSITIVE_INFINITY })
    })
  )

  it.effect("starts over after a reset without affecting earlier calls", () =>
    Effect.gen(function* () {
      const config = yield* values({ maxConcurrency: 1, requestsPerMinute: 3 })
      const { admissionOf, reset } = yield* Admission.makeReloadable(config)
      const admission = admissionOf(config)
      const old = yield* startCall(admission)
      const waiting = yield* startCall(admission)
      yield* reset(account)
      assert.strictEqual((yield* admission.states).size, 0)
      const fresh = yield* startCall(admission)
      assert.isTrue(fresh.isRunning())
      assert.deepInclude(yield* stateOf(admission), { inFlight: 1, requestsInMinute: 1 })
      assert.isFalse(waiting.isRunning())
      yield* old.end
      yield* Fiber.join(old.fiber)
      assert.isTrue(waiting.isRunning())
      assert.deepInclude(yield* stateOf(admission), { inFlight: 1, requestsInMinute: 1 })
    })
  )

  it.effect("leaves the limits of accounts that are used later if only the queue changes", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 3 } })
      yield* admission.change({ maxQueue: 5 })
      yield* admission.guard(ask())(Effect.void)
      assert.deepInclude(yield* stateOf(admission), { concurrency: 3, maxQueue: 5 })
    })
  )
})
