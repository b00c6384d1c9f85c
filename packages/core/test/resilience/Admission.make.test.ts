import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as KimiConfig from "../../src/KimiConfig.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import { account, ask, refusal, start } from "./support/admission.ts"
import { errorOf } from "./support/breaker.ts"

describe("Admission.make", () => {
  it.effect("reports all invalid options at once", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Admission.make({
          limits: { concurrency: 0, requestsPerMinute: 1.5, tokensPerMinute: -1, tokensPerDay: Number.NaN },
          maxQueue: 0,
          maxWait: -1,
          margin: Infinity
        })
      )
      assert.sameMembers(
        error.issues.map(({ name }) => name.replace("Admission ", "")),
        ["concurrency", "requestsPerMinute", "tokensPerMinute", "tokensPerDay", "maxQueue", "maxWait", "margin"]
      )
    })
  )

  it.effect("uses a custom margin", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 1 }, margin: "10 seconds" })
      yield* admission.guard(ask())(Effect.void)
      const fiber = yield* start(admission.guard(ask())(Effect.void))
      yield* TestClock.adjust("70099 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(fiber.pollUnsafe(), Exit.void)
    })
  )

  it.effect("applies the configuration of each account", () =>
    Effect.gen(function* () {
      const config = {
        ...KimiConfig.defaults,
        maxConcurrency: 1,
        admissionMaxQueue: 1,
        admissionMaxWait: Duration.seconds(3)
      }
      const admission = yield* Admission.fromConfig(config, (name) => (name === account ? config : KimiConfig.defaults))
      yield* start(admission.guard(ask())(Effect.never))
      const waits = yield* start(admission.guard(ask())(Effect.void))
      assert.strictEqual((yield* refusal(admission))._tag, "AdmissionQueueFullError")
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(errorOf(yield* Fiber.await(waits))?._tag, "AdmissionTimeoutError")
      for (let call = 0; call < 3; call++) yield* start(admission.guard({ ...ask(), account: "other" })(Effect.never))
      assert.deepInclude((yield* admission.states).get("other"), { inFlight: 3, waiting: 0 })
      const same = yield* Admission.fromConfig(config)
      yield* same.guard({ ...ask(), account: "other" })(Effect.void)
      assert.strictEqual((yield* same.states).get("other")?.limits.concurrency, 1)
    })
  )

  it.effect("provides limits as a layer", () =>
    Effect.gen(function* () {
      const state = Effect.flatMap(Admission.Admission, (admission) =>
        Effect.andThen(admission.guard(ask())(Effect.void), admission.states)
      )
      const states = yield* Effect.provide(state, Admission.layer({ limits: { concurrency: 4 } }))
      assert.strictEqual(states.get(account)?.concurrency, 4)
    })
  )

  it.effect("fails the layer with invalid options", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.provide(Admission.Admission, Admission.layer({ maxQueue: -1 })))
      assert.strictEqual(error._tag, "ConfigurationError")
    })
  )

  it.effect("can be switched off", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.Admission
      const attempt = Effect.succeed("answer")
      assert.strictEqual(admission.guard(ask())(attempt), attempt)
      assert.strictEqual((yield* admission.states).size, 0)
    }).pipe(Effect.provide(Admission.layerOff))
  )
})
