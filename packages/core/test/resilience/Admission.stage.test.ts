import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Stage from "../../src/pipeline/Stage.ts"
import { accountModelKey } from "../../src/pipeline/Call.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import { account, ask, start, stateOf } from "./support/admission.ts"
import { errorOf } from "./support/breaker.ts"
import { answer, call as otherCall, finish, text } from "./support/fallback.ts"

const call = { ...otherCall, account }

const limits = { concurrency: 1, requestsPerMinute: 10, tokensPerMinute: 1_000_000 }

describe("Admission.stage", () => {
  it.effect("is named with its options", () =>
    Effect.gen(function* () {
      const { name, options } = Admission.stage(yield* Admission.make({ limits: { concurrency: 4 } }))
      assert.strictEqual(name, "admission")
      assert.deepInclude(options, { concurrency: "4" })
    })
  )

  it.effect("counts the tokens of a response", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits })
      assert.strictEqual(yield* Admission.stage(admission).effect(() => Effect.succeed(answer))(call), answer)
      const { inFlight, requestsInMinute, tokensInMinute } = yield* stateOf(admission)
      assert.deepStrictEqual([inFlight, requestsInMinute], [0, 1])
      assert.isAbove(tokensInMinute, 0)
    })
  )

  it.effect("counts the tokens of a stream", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits })
      const events = Admission.stage(admission).stream(() => Stream.make(text("a"), finish))(call)
      assert.deepStrictEqual(yield* Stream.runCollect(events), [text("a"), finish])
      const { inFlight, requestsInMinute, tokensInMinute } = yield* stateOf(admission)
      assert.deepStrictEqual([inFlight, requestsInMinute], [0, 1])
      assert.isAbove(tokensInMinute, 0)
    })
  )

  it.effect("delays a stream while a response has the only permit", () =>
    Effect.gen(function* () {
      const stage = Admission.stage(yield* Admission.make({ limits }))
      const end = yield* Deferred.make<void>()
      yield* start(stage.effect(() => Effect.as(Deferred.await(end), answer))(call))
      const streamed = yield* start(Stream.runDrain(stage.stream(() => Stream.make(finish))(call)))
      yield* TestClock.adjust("1 second")
      assert.isUndefined(streamed.pollUnsafe())
      yield* Deferred.succeed(end, undefined)
      yield* Fiber.join(streamed)
    })
  )

  it.effect("rejects a waiting call when its circuit opens", () =>
    Effect.gen(function* () {
      const breaker = yield* CircuitBreaker.make()
      const stage = Admission.stage(yield* Admission.make({ limits }), breaker)
      const end = yield* Deferred.make<void>()
      yield* start(stage.effect(() => Effect.as(Deferred.await(end), answer))(call))
      const waiting = yield* start(stage.effect(() => Effect.die("sent"))(call))
      yield* breaker.isolate(accountModelKey(call))
      yield* Deferred.succeed(end, undefined)
      assert.strictEqual(errorOf(yield* Fiber.await(waiting))?._tag, "CircuitOpenError")
    })
  )

  it.effect("leaves every call unchanged if admission is off", () =>
    Effect.gen(function* () {
      const stage = Admission.stage(yield* Admission.Admission)
      assert.isTrue(Stage.isOff(stage))
      assert.strictEqual(stage.name, "admission")
    }).pipe(Effect.provide(Admission.layerOff))
  )
})

describe("Admission.layerOff", () => {
  it.effect("gives every call a permit", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.Admission
      for (let number = 0; number < 3; number++) {
        const permit = yield* Effect.uninterruptibleMask((restore) => admission.acquire(ask(), restore))
        permit.recordRateStatus({ remaining: 0 })
        yield* permit.release("success")
      }
    }).pipe(Effect.provide(Admission.layerOff))
  )
})
