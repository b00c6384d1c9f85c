import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import { broken, make, tag } from "./support/breaker.ts"
import { answer, callOf, events, scripted } from "./support/hedge.ts"

const model = callOf("kimi-k3")
const key = "moonshot/kimi-k3"

describe("The stage of the circuit breaker", () => {
  it.effect("makes calls of a closed circuit", () =>
    Effect.gen(function* () {
      const stage = CircuitBreaker.stage(yield* make())
      const { plain, stream } = scripted({ first: 0 })
      const responses = yield* Effect.forkChild(
        Effect.all([stage.effect(plain)(model), Stream.runCollect(stage.stream(stream)(model))])
      )
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(responses.pollUnsafe(), Exit.succeed([answer(0), [...events(1)]]))
    })
  )

  it.effect("counts failures of an account for each model", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1 })
      const stage = CircuitBreaker.stage(breaker)
      yield* Effect.flip(stage.effect(() => Effect.fail(broken))(model))
      const error = yield* Effect.flip(stage.effect(() => Effect.succeed(answer(0)))(model))
      assert.deepInclude(error, { _tag: "CircuitOpenError", key })
      const other = yield* stage.effect(() => Effect.succeed(answer(0)))(callOf("kimi-k2.6"))
      assert.deepStrictEqual(other, answer(0))
    })
  )

  it.effect("counts failures of streams in the same circuit", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 2 })
      const stage = CircuitBreaker.stage(breaker)
      yield* Effect.flip(Stream.runDrain(stage.stream(() => Stream.fail(broken))(model)))
      assert.strictEqual(yield* tag(breaker, key), "Closed")
      yield* Effect.flip(stage.effect(() => Effect.fail(broken))(model))
      const error = yield* Effect.flip(Stream.runDrain(stage.stream(() => Stream.empty)(model)))
      assert.strictEqual(error._tag, "CircuitOpenError")
    })
  )

  it.effect("describes by what circuits are separate", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      const { name, options } = CircuitBreaker.stage(breaker)
      assert.strictEqual(name, "breaker")
      assert.deepStrictEqual(options, { by: "account and model", ...breaker.options })
    })
  )

  it.effect("is off without circuits", () =>
    Effect.gen(function* () {
      const circuits = yield* CircuitBreaker.CircuitBreaker
      const stage = CircuitBreaker.stage(circuits)
      assert.deepStrictEqual([stage.name, stage.options], ["breaker", { is: "off" }])
      const inner = () => Effect.succeed(answer(0))
      assert.strictEqual(stage.effect(inner), inner)
    }).pipe(Effect.provide(CircuitBreaker.layerOff))
  )

  it.effect("gives permits that record nothing when it is off", () =>
    Effect.gen(function* () {
      const circuits = yield* CircuitBreaker.CircuitBreaker
      const permit = yield* circuits.acquire(key)
      yield* permit.record("failure")
      assert.isUndefined(circuits.watch(key)())
      assert.deepStrictEqual(circuits.slowAfter, Duration.infinity)
    }).pipe(Effect.provide(CircuitBreaker.layerOff))
  )
})

describe("A failure that does not count", () => {
  it.effect("does not lengthen the next open duration by its wait", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1 })
      const permit = yield* breaker.acquire(key)
      yield* permit.record("ignored", 40_000)
      yield* Effect.flip(breaker.guard(key)(Effect.fail(broken)))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* breaker.guard(key)(Effect.succeed("answer")), "answer")
    })
  )
})
