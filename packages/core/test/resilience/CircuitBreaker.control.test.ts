import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import type * as Circuit from "../../src/resilience/internal/circuit/Circuit.ts"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import { broken, fail, key, make, openTimes, rejection, succeed, tag, waits } from "./support/breaker.ts"

describe("manual control of a circuit", () => {
  it.effect("isolate rejects every call until a reset", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* breaker.isolate(key)
      yield* TestClock.adjust("1 day")
      const error = yield* rejection(breaker)
      assert.deepStrictEqual([error.state, error.retryAfter], ["isolated", undefined])
      yield* breaker.reset(key)
      assert.strictEqual(yield* succeed(breaker), "answer")
    })
  )

  it.effect("forceOpen opens the circuit for the next open duration", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* breaker.forceOpen(key)
      yield* waits(breaker, 10)
      yield* fail(breaker)
      yield* waits(breaker, 20)
      yield* succeed(breaker)
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("forceClosed makes every call until a reset", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* fail(breaker, broken, 3)
      yield* breaker.forceClosed(key)
      yield* fail(breaker, broken, 100)
      assert.strictEqual(yield* tag(breaker), "ForcedClosed")
      yield* breaker.reset(key)
      yield* fail(breaker, broken, 2)
      assert.strictEqual(yield* tag(breaker), "Closed")
      yield* fail(breaker)
      yield* waits(breaker, 10)
    })
  )

  it.effect("reset clears the failures of a closed circuit", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* fail(breaker, broken, 2)
      yield* breaker.reset(key)
      yield* fail(breaker, broken, 2)
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("reset restores the first open duration", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* fail(breaker, broken, 3)
      yield* waits(breaker, 10)
      yield* fail(breaker)
      yield* breaker.reset(key)
      yield* fail(breaker, broken, 3)
      yield* waits(breaker, 10)
    })
  )
})

describe("CircuitBreaker.states and restore", () => {
  it.effect("transfer every circuit to another process as JSON", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ halfOpenSuccesses: 2 })
      yield* fail(breaker, broken, 2)
      yield* Effect.flip(breaker.guard("open")(Effect.fail(broken))).pipe(Effect.repeat({ times: 2 }))
      yield* breaker.forceOpen("forced open")
      yield* breaker.isolate("isolated")
      yield* breaker.forceClosed("forced closed")
      yield* breaker.guard("healthy")(Effect.void)
      const states = yield* breaker.states
      const restored: ReadonlyArray<[string, Circuit.Circuit]> = JSON.parse(JSON.stringify([...states]))
      const other = yield* make()
      yield* other.restore(new Map(restored))
      // A new epoch, so that results of calls that are running now are ignored.
      const expected = new Map([...states].map(([key, circuit]) => [key, { ...circuit, epoch: circuit.epoch + 1 }]))
      assert.deepStrictEqual(yield* other.states, expected)
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual((yield* rejection(other, "open")).retryAfter, Duration.seconds(6))
      assert.strictEqual((yield* rejection(other, "isolated")).state, "isolated")
      yield* fail(other)
      assert.strictEqual(yield* tag(other), "Open")
      yield* TestClock.adjust("6 seconds")
      yield* succeed(other, "open")
      assert.strictEqual(yield* tag(other, "open"), "Closed")
    })
  )

  it.effect("transfer a half-open circuit with its successes", () =>
    Effect.gen(function* () {
      const options = { consecutiveFailures: 1, halfOpenSuccesses: 2 }
      const breaker = yield* make(options)
      yield* fail(breaker)
      yield* TestClock.adjust("10 seconds")
      yield* succeed(breaker)
      const other = yield* make(options)
      yield* other.restore(yield* breaker.states)
      assert.strictEqual(yield* tag(other), "HalfOpen")
      yield* succeed(other)
      assert.strictEqual(yield* tag(other), "Closed")
    })
  )

  it.effect("return a snapshot that does not change", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* succeed(breaker)
      const before = yield* breaker.states
      yield* fail(breaker, broken, 3)
      assert.strictEqual(before.get(key)?._tag, "Closed")
    })
  )
})

describe("CircuitBreaker.transitions", () => {
  it.effect("emits each change of state once with its time", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      const seen: Array<CircuitBreaker.Transition> = []
      const listener = yield* Effect.forkChild(
        Stream.runForEach(breaker.transitions, (transition) => Effect.sync(() => seen.push(transition))),
        { startImmediately: true }
      )
      yield* succeed(breaker)
      yield* fail(breaker, broken, 3)
      yield* rejection(breaker)
      yield* TestClock.adjust("10 seconds")
      yield* fail(breaker)
      yield* TestClock.adjust("20 seconds")
      yield* succeed(breaker)
      yield* breaker.isolate(key)
      yield* breaker.isolate(key)
      yield* breaker.forceClosed(key)
      yield* breaker.reset(key)
      yield* breaker.reset(key)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        seen.map(({ at, from, to }) => [from, to, at]),
        [
          ["Closed", "Open", 0],
          ["Open", "HalfOpen", 10_000],
          ["HalfOpen", "Open", 10_000],
          ["Open", "HalfOpen", 30_000],
          ["HalfOpen", "Closed", 30_000],
          ["Closed", "Isolated", 30_000],
          ["Isolated", "ForcedClosed", 30_000],
          ["ForcedClosed", "Closed", 30_000]
        ]
      )
      assert.isTrue(seen.every((transition) => transition.key === key))
      assert.isUndefined(listener.pollUnsafe())
      yield* Fiber.interrupt(listener)
    })
  )

  it.effect("emits an opening whose caller is interrupted during it", () =>
    Effect.gen(function* () {
      const slowly = Schedule.modifyDelay(openTimes(10, 20), ({ duration }) =>
        Effect.delay(Effect.succeed(duration), "1 second")
      )
      const breaker = yield* make({ consecutiveFailures: 1, openDuration: slowly })
      const first = yield* Effect.forkChild(succeed(breaker), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(first)
      const seen: Array<string> = []
      yield* Effect.forkChild(
        Stream.runForEach(breaker.transitions, ({ to }) => Effect.sync(() => seen.push(to))),
        { startImmediately: true }
      )
      const call = yield* Effect.forkChild(Effect.exit(breaker.guard(key)(Effect.fail(broken))), {
        startImmediately: true
      })
      yield* Effect.forkChild(Fiber.interrupt(call), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen, ["Open"])
      assert.deepStrictEqual((yield* rejection(breaker)).retryAfter, Duration.seconds(9))
    })
  )

  it.effect("never delays a call for a slow subscriber", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* Effect.forkChild(
        Stream.runForEach(breaker.transitions, () => Effect.never),
        { startImmediately: true }
      )
      for (let i = 0; i < 1_000; i++) {
        yield* breaker.isolate(key)
        yield* breaker.reset(key)
      }
      assert.strictEqual(yield* succeed(breaker), "answer")
    })
  )

  it.effect("ends at once if the breaker is off", () =>
    Effect.gen(function* () {
      const breaker = yield* CircuitBreaker.CircuitBreaker
      assert.deepStrictEqual(yield* Stream.runCollect(breaker.transitions), [])
    }).pipe(Effect.provide(CircuitBreaker.layerOff))
  )
})

describe("A circuit that an operator changes while calls run", () => {
  it.effect("opens for the first open duration after it was isolated", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* breaker.isolate(key)
      yield* breaker.forceOpen(key)
      yield* waits(breaker, 10)
    })
  )

  it.effect("ignores the outcome of calls that began before it was isolated, also after a reset", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1 })
      const permit = yield* breaker.acquire(key)
      yield* breaker.isolate(key)
      yield* breaker.reset(key)
      yield* permit.record("failure")
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("permits a probe again when it is restored as half-open during one", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1 })
      yield* fail(breaker)
      yield* TestClock.adjust("10 seconds")
      yield* breaker.acquire(key)
      assert.strictEqual((yield* rejection(breaker)).state, "half-open")
      yield* breaker.restore(yield* breaker.states)
      const restored = (yield* breaker.states).get(key)
      assert.deepInclude(restored, { _tag: "HalfOpen", probes: [], expiredProbes: [] })
      assert.strictEqual(yield* succeed(breaker), "answer")
    })
  )
})
