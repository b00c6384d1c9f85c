import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import * as Admission from "../../src/resilience/Admission.ts"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import * as Resilience from "../../src/resilience/Resilience.ts"
import { failureOf, issuesOf, script, settled, unavailable } from "./support/anyEffect.ts"

describe("resilient", () => {
  const services = Effect.all({
    circuitBreaker: CircuitBreaker.make({ consecutiveFailures: 3, openDuration: Schedule.spaced("20 seconds") }),
    admission: Admission.make()
  })
  const plain = { retry: { jitter: "none", baseDelay: "1 second" } } as const

  it.effect("retries outside the circuit breaker, so that an open circuit ends the retries", () =>
    Effect.gen(function* () {
      const { effect, times } = script(...Array.from({ length: 9 }, () => unavailable))
      const error = yield* failureOf(Resilience.resilient({ key: "forecast", ...plain, ...(yield* services) })(effect))
      assert.strictEqual(error._tag, "CircuitOpenError")
      assert.strictEqual(times.length, 3)
    })
  )

  it.effect("takes a permit for every attempt", () =>
    Effect.gen(function* () {
      const { admission, circuitBreaker } = yield* services
      const { effect } = script(unavailable)
      const fiber = yield* Effect.forkChild(
        Resilience.resilient({ key: "forecast", ...plain, admission, circuitBreaker })(effect)
      )
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual((yield* admission.states).get("forecast")?.requestsInMinute, 2)
    })
  )

  it.effect("does not include the wait in the timeout of an attempt", () =>
    Effect.gen(function* () {
      const { circuitBreaker } = yield* services
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const options = { key: "forecast", admission, circuitBreaker, timeout: "2 seconds" } as const
      const call = Resilience.resilient(options)(Effect.as(Effect.sleep("1500 millis"), "result"))
      yield* Effect.forkChild(call)
      assert.deepStrictEqual(yield* settled(call), Exit.succeed("result"))
    })
  )

  it.effect("starts no wait that ends after the deadline", () =>
    Effect.gen(function* () {
      const { effect } = script(...Array.from({ length: 9 }, () => unavailable))
      const options = { key: "forecast", ...plain, deadline: "2500 millis", ...(yield* services) } as const
      const fiber = yield* Effect.forkChild(Effect.flip(Resilience.resilient(options)(effect)))
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      // The third attempt would begin after the deadline.
      assert.strictEqual(yield* Fiber.join(fiber), unavailable)
    })
  )

  it.effect("classifies its own rejections by their facts regardless of the predicates", () =>
    Effect.gen(function* () {
      const { effect, times } = script(...Array.from({ length: 9 }, () => unavailable))
      const options = { key: "forecast", ...plain, isRetryable: () => true, ...(yield* services) }
      const error = yield* failureOf(Resilience.resilient(options)(effect))
      assert.strictEqual(error._tag, "CircuitOpenError")
      assert.strictEqual("attempts" in error ? error.attempts?.length : undefined, times.length + 1)
    })
  )

  it.effect("repeats a timed-out attempt twice", () =>
    Effect.gen(function* () {
      let runs = 0
      const effect = Effect.suspend(() => {
        runs += 1
        return Effect.never
      })
      const options = { key: "forecast", ...plain, timeout: "1 second", ...(yield* services) } as const
      assert.strictEqual((yield* failureOf(Resilience.resilient(options)(effect)))._tag, "TotalTimeoutError")
      assert.strictEqual(runs, 3)
    })
  )

  it.effect("uses the services of the context", () =>
    Effect.gen(function* () {
      yield* Resilience.resilient({ key: "forecast" })(Effect.void)
      const { states } = yield* CircuitBreaker.CircuitBreaker
      assert.deepStrictEqual([...(yield* states).keys()], ["forecast"])
    }).pipe(Effect.provide([CircuitBreaker.layer(), Admission.layer()]))
  )

  it.effect("fails with all invalid options", () =>
    Effect.gen(function* () {
      const options = { key: "a", retry: { maxAttempts: 0 }, timeout: -1, tokens: -1, ...(yield* services) }
      assert.deepStrictEqual(yield* issuesOf(Resilience.resilient(options)(Effect.void)), [
        "resilient maxAttempts",
        "resilient tokens",
        "resilient timeout"
      ])
    })
  )

  it.effect("refuses a deadline of no time", () =>
    Effect.gen(function* () {
      const options = { key: "a", deadline: 0, ...(yield* services) }
      assert.deepStrictEqual(yield* issuesOf(Resilience.resilient(options)(Effect.void)), ["resilient deadline"])
    })
  )

  it.effect("rejects an effect that waits for a permit when its circuit opens", () =>
    Effect.gen(function* () {
      const { circuitBreaker } = yield* services
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const options = { key: "forecast", admission, circuitBreaker }
      const first = yield* Effect.forkChild(Resilience.resilient(options)(Effect.never), { startImmediately: true })
      const waiting = yield* Effect.forkChild(Effect.flip(Resilience.resilient(options)(Effect.void)), {
        startImmediately: true
      })
      yield* circuitBreaker.forceOpen("forecast")
      yield* Fiber.interrupt(first)
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "CircuitOpenError")
    })
  )
})
