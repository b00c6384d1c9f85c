import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import { type Breaker, broken, fail, key, make, succeed, tag } from "./support/breaker.ts"

/** A call that has its permit and waits for something else until the gate opens. */
const waiting = Effect.fnUntraced(function* (breaker: Breaker) {
  const gate = yield* Deferred.make<void>()
  const attempt = Effect.suspend(() => {
    const rejected = breaker.watch(key)
    return Effect.andThen(
      Deferred.await(gate),
      Effect.suspend(() => Effect.fromNullishOr(rejected()))
    )
  })
  const fiber = yield* Effect.forkChild(Effect.exit(breaker.guard(key)(Effect.option(attempt))), {
    startImmediately: true
  })
  return { end: Effect.andThen(Deferred.succeed(gate, undefined), Fiber.join(fiber)) }
})

describe("CircuitBreaker.watch", () => {
  it.effect("permits a call whose circuit has changed only in its counts", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      const unused = breaker.watch(key)
      yield* fail(breaker, broken, 2)
      assert.isUndefined(unused())
      const used = breaker.watch(key)
      yield* succeed(breaker)
      assert.isUndefined(used())
    })
  )

  it.effect("rejects calls that waited while their circuit opened with the remaining wait", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      const { end } = yield* waiting(breaker)
      yield* fail(breaker, broken, 3)
      yield* TestClock.adjust("4 seconds")
      const exit = yield* end
      const error = Exit.isSuccess(exit) && exit.value._tag === "Some" ? exit.value.value : undefined
      assert.deepInclude(
        { ...error },
        { _tag: "CircuitOpenError", key, state: "open", retryAfter: Duration.seconds(6) }
      )
    })
  )

  it.effect("reports the current state of the circuit", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      yield* succeed(breaker)
      const rejected = breaker.watch(key)
      yield* fail(breaker, broken, 3)
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(rejected()?.retryAfter, Duration.zero)
      yield* breaker.guard(key)(
        Effect.sync(() => {
          const error = rejected()
          assert.deepStrictEqual([error?.state, error?.retryAfter], ["half-open", undefined])
          // The probe itself may still be made.
          assert.isUndefined(breaker.watch(key)())
        })
      )
      assert.strictEqual(yield* tag(breaker), "Closed")
      assert.isUndefined(rejected())
      yield* breaker.isolate(key)
      assert.strictEqual(rejected()?.state, "isolated")
      yield* breaker.forceClosed(key)
      assert.isUndefined(rejected())
    })
  )

  it.effect("rejects a call that waited before the first use of the circuit", () =>
    Effect.gen(function* () {
      const breaker = yield* make()
      const rejected = breaker.watch(key)
      yield* breaker.isolate(key)
      assert.strictEqual(rejected()?.state, "isolated")
      assert.isUndefined(breaker.watch("other")())
    })
  )

  it.effect("permits every call if the breaker is off", () =>
    Effect.gen(function* () {
      const breaker = yield* CircuitBreaker.CircuitBreaker
      const rejected = breaker.watch(key)
      yield* fail(breaker, broken, 100)
      yield* breaker.isolate(key)
      assert.isUndefined(rejected())
    }).pipe(Effect.provide(CircuitBreaker.layerOff))
  )
})
