import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Admission from "../../src/resilience/Admission.ts"
import * as Resilience from "../../src/resilience/Resilience.ts"
import { failureOf, HttpError, issuesOf } from "./support/anyEffect.ts"

describe("withRateLimit", () => {
  it.effect("delays effects by the limits of their key", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const limit = Resilience.withRateLimit({ key: "forecast", admission })
      const other = Resilience.withRateLimit({ key: "other", admission })
      yield* Effect.forkChild(limit(Effect.sleep("10 seconds")), { startImmediately: true })
      const waiting = yield* Effect.forkChild(limit(Effect.succeed("result")), { startImmediately: true })
      assert.strictEqual(yield* other(Effect.succeed("at once")), "at once")
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(waiting), "result")
    })
  )

  it.effect("rejects effects that wait too long", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 }, maxWait: "1 second" })
      const limit = Resilience.withRateLimit({ key: "forecast", admission })
      yield* Effect.forkChild(limit(Effect.never), { startImmediately: true })
      assert.strictEqual((yield* failureOf(limit(Effect.void)))._tag, "AdmissionTimeoutError")
    })
  )

  it.effect("counts the tokens of an effect", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { tokensPerMinute: 10 } })
      const limit = Resilience.withRateLimit({ key: "forecast", admission, tokens: 11 })
      assert.strictEqual((yield* Effect.flip(limit(Effect.void)))._tag, "AdmissionLimitError")
    })
  )

  it.effect("pauses a key for the wait that errors in a row request", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make()
      const limit = Resilience.withRateLimit({
        key: "forecast",
        admission,
        retryAfter: ({ wait }: HttpError) => wait
      })
      const refused = limit(Effect.fail(new HttpError({ status: 429, wait: "30 seconds" })))
      for (let call = 0; call < 4; call++) yield* Effect.exit(refused)
      const waiting = yield* Effect.forkChild(limit(Effect.void))
      yield* TestClock.adjust("29999 millis")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(waiting)
    })
  )

  it.effect("does not slow down for other errors than rate limits", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make()
      const limit = Resilience.withRateLimit({
        key: "forecast",
        admission,
        isRateLimited: ({ status }: HttpError) => status === 429,
        retryAfter: ({ wait }: HttpError) => wait
      })
      yield* Effect.exit(limit(Effect.fail(new HttpError({ status: 503, wait: "30 seconds" }))))
      yield* limit(Effect.void)
    })
  )

  it.effect("uses the limits of the context", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.Admission
      yield* Resilience.withRateLimit({ key: "forecast" })(Effect.void)
      assert.deepStrictEqual([...(yield* admission.states).keys()], ["forecast"])
    }).pipe(Effect.provide(Admission.layer()))
  )

  it.effect("fails before it runs if its tokens are not a number", () =>
    Effect.gen(function* () {
      const limit = Resilience.withRateLimit({ key: "a", admission: yield* Admission.make(), tokens: Number.NaN })
      assert.deepStrictEqual(yield* issuesOf(limit(Effect.void)), ["withRateLimit tokens"])
    })
  )

  it.effect("names the expected form of its tokens", () =>
    Effect.gen(function* () {
      const limit = Resilience.withRateLimit({ key: "a", admission: yield* Admission.make(), tokens: -1 })
      const error = yield* Effect.flip(limit(Effect.void))
      assert.deepInclude(error, {
        issues: [{ name: "withRateLimit tokens", expected: "a finite number that is not negative" }]
      })
    })
  )
})
