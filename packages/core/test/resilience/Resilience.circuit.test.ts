import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import * as Resilience from "../../src/resilience/Resilience.ts"
import { HttpError, unavailable } from "./support/anyEffect.ts"

describe("withCircuitBreaker", () => {
  const make = CircuitBreaker.make({ consecutiveFailures: 2 })

  it.effect("rejects after failures of another library", () =>
    Effect.gen(function* () {
      const circuitBreaker = yield* make
      const guard = Resilience.withCircuitBreaker({ key: "forecast", circuitBreaker })
      yield* Effect.exit(guard(Effect.fail(unavailable)))
      yield* Effect.exit(guard(Effect.fail(unavailable)))
      const error = yield* Effect.flip(guard(Effect.sync(() => assert.fail("the effect ran"))))
      assert.deepStrictEqual([error._tag, error.key], ["CircuitOpenError", "forecast"])
    })
  )

  it.effect("does not count what a predicate excludes", () =>
    Effect.gen(function* () {
      const circuitBreaker = yield* make
      const guard = Resilience.withCircuitBreaker({
        key: "forecast",
        circuitBreaker,
        isFailure: ({ status }: HttpError) => status >= 500
      })
      const missing = guard(Effect.fail(new HttpError({ status: 404 })))
      yield* Effect.exit(missing)
      yield* Effect.exit(missing)
      assert.strictEqual(yield* guard(Effect.succeed("result")), "result")
    })
  )

  it.effect("stays open for the wait that an error requests", () =>
    Effect.gen(function* () {
      const circuitBreaker = yield* make
      const guard = Resilience.withCircuitBreaker({
        key: "forecast",
        circuitBreaker,
        retryAfter: ({ wait }: HttpError) => wait
      })
      const failing = guard(Effect.fail(new HttpError({ status: 503, wait: "4 minutes" })))
      yield* Effect.exit(failing)
      yield* Effect.exit(failing)
      yield* TestClock.adjust("239 seconds")
      assert.strictEqual((yield* Effect.flip(guard(Effect.void)))._tag, "CircuitOpenError")
      yield* TestClock.adjust("1 second")
      yield* guard(Effect.void)
    })
  )

  it.effect("uses the circuits of the context", () =>
    Effect.gen(function* () {
      const circuits = yield* CircuitBreaker.CircuitBreaker
      yield* Resilience.withCircuitBreaker({ key: "forecast" })(Effect.succeed("result"))
      assert.deepStrictEqual([...(yield* circuits.states).keys()], ["forecast"])
    }).pipe(Effect.provide(CircuitBreaker.layer()))
  )
})
