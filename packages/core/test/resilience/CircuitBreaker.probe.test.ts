import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Random, Ref } from "effect"
import { TestClock } from "effect/testing"
import { classes } from "../../src/errors/KimiError.ts"
import type * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import { broken, fail, key, make, rejection, stepwise, succeed, tag } from "./support/breaker.ts"

describe("a half-open circuit", () => {
  const halfOpen = Effect.fnUntraced(function* (options: Partial<CircuitBreaker.Options> = {}) {
    const breaker = yield* make({ consecutiveFailures: 1, ...options })
    yield* fail(breaker)
    yield* TestClock.adjust("10 seconds")
    return breaker
  })

  it.effect("admits as many concurrent probes as it has permits", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen({ halfOpenPermits: 2, halfOpenSuccesses: 2 })
      const gate = yield* Deferred.make<void>()
      const made = yield* Ref.make(0)
      const attempt = Effect.andThen(
        Ref.update(made, (count) => count + 1),
        Deferred.await(gate)
      )
      const calls = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 50 }, () => Effect.exit(breaker.guard(key)(attempt))),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Ref.get(made), 2)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(calls)).filter(Exit.isSuccess).length, 2)
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("rejects calls while its probe runs", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen()
      yield* Effect.forkChild(breaker.guard(key)(Effect.never), { startImmediately: true })
      const error = yield* rejection(breaker)
      assert.deepStrictEqual([error.state, error.retryAfter], ["half-open", undefined])
      assert.strictEqual(error.message, `The circuit of ${key} is half-open; the call was not sent`)
    })
  )

  it.effect("releases the permit of an ignored, interrupted or defective probe", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen()
      const limited = new classes.RateLimitError({ message: "429", kind: "unknown" })
      for (const attempt of [Effect.fail(limited), Effect.interrupt, Effect.die("ours")]) {
        yield* Effect.exit(breaker.guard(key)(attempt))
        assert.strictEqual(yield* tag(breaker), "HalfOpen")
      }
      assert.strictEqual(yield* succeed(breaker), "answer")
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("admits another probe after the probe timeout", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen({ probeTimeout: Duration.seconds(30) })
      yield* Effect.forkChild(breaker.guard(key)(Effect.never), { startImmediately: true })
      yield* TestClock.adjust(Duration.millis(29_999))
      assert.strictEqual((yield* rejection(breaker)).state, "half-open")
      yield* TestClock.adjust(Duration.millis(1))
      assert.strictEqual(yield* succeed(breaker), "answer")
    })
  )

  it.effect.each([
    ["closes", "succeeds", "Closed", Effect.void],
    ["opens", "fails", "Open", Effect.fail(broken)]
  ] as const)("%s if a probe %s after it lost its permit", ([, , expected, end]) =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen({ probeTimeout: Duration.seconds(30) })
      const slow = Effect.andThen(Effect.sleep("45 seconds"), end)
      yield* Effect.forkChild(Effect.exit(breaker.guard(key)(slow)), { startImmediately: true })
      yield* TestClock.adjust("30 seconds")
      yield* Effect.forkChild(breaker.guard(key)(Effect.never), { startImmediately: true })
      yield* TestClock.adjust(Duration.millis(14_999))
      assert.strictEqual((yield* rejection(breaker)).state, "half-open")
      yield* TestClock.adjust(Duration.millis(1))
      assert.strictEqual(yield* tag(breaker), expected)
    })
  )

  it.effect("closes although all calls take longer than the probe timeout", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen({ probeTimeout: Duration.seconds(30) })
      const long = breaker.guard(key)(Effect.sleep("45 seconds"))
      for (let second = 0; second < 60; second++) {
        yield* Effect.forkChild(Effect.exit(long), { startImmediately: true })
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("leaks no probe after a thousand interruptions at random times", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen({ halfOpenPermits: 3, halfOpenSuccesses: 1 })
      const made = yield* Ref.make(0)
      const ignored = new classes.RateLimitError({ message: "429", kind: "unknown" })
      const attempt = Effect.gen(function* () {
        yield* Ref.update(made, (count) => count + 1)
        const millis = yield* Random.nextIntBetween(0, 40)
        yield* Effect.yieldNow
        if (millis > 0) yield* Effect.sleep(Duration.millis(millis))
        return yield* Effect.fail(ignored)
      })
      const run = Effect.gen(function* () {
        yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 500)))
        const fiber = yield* Effect.forkChild(stepwise(breaker.guard(key)(attempt)))
        const turns = yield* Random.nextIntBetween(0, 60)
        for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
        if (yield* Random.nextBoolean) yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(1, 30)))
        yield* Fiber.interrupt(fiber)
      })
      const all = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 1_000 }, () => run),
          { concurrency: "unbounded", discard: true }
        )
      )
      for (let millis = 0; millis < 600; millis++) yield* TestClock.adjust(Duration.millis(1))
      assert.deepStrictEqual(all.pollUnsafe(), Exit.void)
      assert.isAbove(yield* Ref.get(made), 20)
      const circuit = (yield* breaker.states).get(key)
      assert.isTrue(circuit?._tag === "HalfOpen" && circuit.probes.length === 0 && circuit.expiredProbes.length === 0)
      assert.strictEqual(yield* succeed(breaker), "answer")
    }).pipe(Random.withSeed("interruptions"))
  )
})
