import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Fiber, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { classes, type KimiError } from "../../../../src/errors/KimiError.ts"
import type { StreamEvent } from "../../../../src/models/StreamEvent.ts"
import { type Breaker, broken, fail, key, openTimes, rejection, succeed, tag, waits } from "../../support/breaker.ts"
import { twoProcesses } from "../../support/redisCircuits.ts"
import { guardStream } from "../../../../src/resilience/internal/circuit/CircuitGuard.ts"

const start: StreamEvent = { _tag: "Start", id: "chatcmpl-1", model: "kimi-k3", created: 1 }
const text: StreamEvent = { _tag: "TextDelta", choice: 0, text: "a" }

type Events = Stream.Stream<StreamEvent, KimiError>

const run = (breaker: Breaker, events: Events) => Effect.exit(Stream.runDrain(guardStream(breaker, key)(events)))

/** Two processes whose circuit is open and may be probed. */
const probed = Effect.fnUntraced(function* (options: Parameters<typeof twoProcesses>[0] = {}) {
  const both = yield* twoProcesses({ tripPolicy: { _tag: "Consecutive", failures: 1 }, ...options })
  yield* fail(both.one)
  yield* TestClock.adjust("10 seconds")
  return both
})

describe("Circuits of two processes", () => {
  it.effect("open for both at the last failure of a row in either", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses()
      yield* fail(one, broken, 2)
      assert.strictEqual(yield* succeed(two), "answer")
      yield* fail(one)
      yield* fail(two)
      assert.strictEqual(yield* succeed(two, "other"), "answer")
      assert.strictEqual(yield* tag(two), "Closed")
      yield* fail(one)
      yield* TestClock.adjust("4 seconds")
      for (const breaker of [one, two]) {
        const error = yield* rejection(breaker)
        assert.deepStrictEqual([error.key, error.state, error.retryAfter], [key, "open", Duration.seconds(6)])
        assert.strictEqual(error.message, `The circuit of ${key} is open; the call was not sent`)
      }
    })
  )

  it.effect("close for both processes if the leased probe succeeds", () =>
    Effect.gen(function* () {
      const { one, two } = yield* probed()
      const gate = yield* Deferred.make<void>()
      const probe = yield* Effect.forkChild(one.guard(key)(Deferred.await(gate)), { startImmediately: true })
      for (const breaker of [one, two]) {
        const error = yield* rejection(breaker)
        assert.deepStrictEqual([error.state, error.retryAfter], ["half-open", undefined])
      }
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(probe)
      assert.strictEqual(yield* succeed(two), "answer")
    })
  )

  it.effect("stay open for longer after every failed probe, up to the end of the schedule", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses({
        tripPolicy: { _tag: "Consecutive", failures: 1 },
        openDuration: openTimes(3, 5)
      })
      for (const [breaker, other, seconds] of [
        [one, two, 3],
        [two, one, 5],
        [one, two, 5]
      ] as const) {
        yield* fail(breaker)
        yield* waits(other, seconds)
      }
    })
  )

  it.effect("count the time that a schedule takes as part of the open duration", () =>
    Effect.gen(function* () {
      const { one } = yield* twoProcesses({
        tripPolicy: { _tag: "Consecutive", failures: 1 },
        openDuration: Schedule.upTo(Schedule.exponential("10 seconds"), { duration: "25 seconds" })
      })
      for (const seconds of [10, 20, 20, 20]) {
        yield* fail(one)
        yield* waits(one, seconds)
      }
    })
  )

  it.effect("restart the open durations once closed for as long as they were open", () =>
    Effect.gen(function* () {
      const { one } = yield* probed()
      yield* fail(one)
      yield* waits(one, 20)
      yield* succeed(one)
      yield* TestClock.adjust("19999 millis")
      yield* fail(one)
      yield* waits(one, 40)
      yield* succeed(one)
      yield* TestClock.adjust("40 seconds")
      yield* fail(one)
      yield* waits(one, 10)
    })
  )

  it.effect("stay open for the wait that the host requests, up to the maximum open duration", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses({
        tripPolicy: { _tag: "Consecutive", failures: 1 },
        maxOpenDuration: Duration.seconds(90)
      })
      for (const [asked, seconds] of [
        ["15 seconds", 15],
        ["15 seconds", 20],
        ["1 hour", 90]
      ] as const) {
        const retryAfter = Duration.fromInputUnsafe(asked)
        yield* fail(one, new classes.OverloadedError({ message: "busy", retryAfter }))
        yield* waits(two, seconds)
      }
    })
  )

  it.effect("open at the failure rate of the latest calls, even if a success completes the minimum", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses({
        tripPolicy: { _tag: "Rate", threshold: 0.5, minimumCalls: 4, size: 4 }
      })
      yield* fail(one, broken, 2)
      yield* succeed(two)
      assert.strictEqual(yield* tag(one), "Closed")
      yield* succeed(two)
      yield* waits(one, 10)
    })
  )

  it.effect("release the probe after any end that is no evidence", () =>
    Effect.gen(function* () {
      const { one, two } = yield* probed()
      const limited = new classes.RateLimitError({ message: "429", kind: "unknown" })
      const attempts: ReadonlyArray<Effect.Effect<never, KimiError>> = [
        Effect.fail(limited),
        Effect.die("ours"),
        Effect.interrupt,
        Effect.failCause(Cause.combine(Cause.fail(broken), Cause.interrupt()))
      ]
      for (const attempt of attempts) {
        yield* Effect.exit(one.guard(key)(attempt))
        assert.strictEqual(yield* tag(one), "HalfOpen")
        yield* Effect.exit(two.guard(key)(attempt))
      }
      const probe = yield* Effect.forkChild(one.guard(key)(Effect.never), { startImmediately: true })
      assert.strictEqual((yield* rejection(two)).state, "half-open")
      yield* Fiber.interrupt(probe)
      assert.strictEqual(yield* succeed(two), "answer")
      for (const attempt of attempts) yield* Effect.exit(one.guard(key)(attempt))
      assert.strictEqual(yield* tag(one), "Closed")
    })
  )

  it.effect("use the store once for a call without an outcome", () =>
    Effect.gen(function* () {
      const { one, store } = yield* twoProcesses()
      yield* Effect.exit(one.guard(key)(Effect.interrupt))
      assert.strictEqual(store.asked, 1)
    })
  )

  it.effect("use the store twice for a call with an outcome", () =>
    Effect.gen(function* () {
      const { one, store } = yield* twoProcesses()
      yield* succeed(one)
      assert.strictEqual(store.asked, 2)
    })
  )
})

describe("Streams through shared circuits", () => {
  it.effect("hold the probe until they end, with the outcome of that end", () =>
    Effect.gen(function* () {
      for (const [end, expected] of [
        [Stream.empty, "Closed"],
        [Stream.fail(broken), "Open"]
      ] as const) {
        const { one, store, two } = yield* probed()
        const gate = yield* Deferred.make<void>()
        const rest: Events = Stream.unwrap(Effect.as(Deferred.await(gate), end))
        const events = guardStream(one, key)(Stream.concat(Stream.make(start, text), rest))
        // Nothing is acquired before the stream runs.
        assert.strictEqual(yield* tag(one), "Open")
        const fiber = yield* Effect.forkChild(Effect.exit(Stream.runDrain(events)), { startImmediately: true })
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* rejection(two)).state, "half-open")
        store.asked = 0
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(fiber)
        assert.strictEqual(store.asked, 1)
        assert.strictEqual(yield* tag(one), expected)
      }
    })
  )

  it.effect("return the probe if they are interrupted", () =>
    Effect.gen(function* () {
      const { one, two } = yield* probed()
      const hanging: Events = Stream.concat(Stream.make(start, text), Stream.never)
      yield* guardStream(one, key)(hanging).pipe(Stream.take(1), Stream.runDrain)
      const fiber = yield* Effect.forkChild(run(one, hanging), { startImmediately: true })
      assert.strictEqual((yield* rejection(two)).state, "half-open")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* succeed(two), "answer")
    })
  )

  it.effect("count late content as a failure only for probes", () =>
    Effect.gen(function* () {
      const { one } = yield* probed()
      const late: Events = Stream.fromEffect(Effect.delay(Effect.succeed(text), "30 seconds"))
      for (const expected of ["Open", "Closed", "Closed"]) {
        const fiber = yield* Effect.forkChild(run(one, late))
        yield* TestClock.adjust("30 seconds")
        yield* Fiber.join(fiber)
        assert.strictEqual(yield* tag(one), expected)
        yield* TestClock.adjust("20 seconds")
        yield* succeed(one)
      }
    })
  )
})
