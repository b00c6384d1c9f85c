import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { classes } from "../../../../src/errors/KimiError.ts"
import * as LocalLimiter from "../../../../src/resilience/internal/admission/LocalLimiter.ts"
import type { RateLimits } from "../../../../src/resilience/RateLimits.ts"
import { account, ask } from "../../support/admission.ts"

const make = (limits: RateLimits) =>
  LocalLimiter.make({
    limitsOf: () => limits,
    margin: Duration.seconds(1),
    maxQueue: 10,
    maxWait: Duration.minutes(2)
  })

const stateOf = (admission: Effect.Success<ReturnType<typeof make>>) =>
  Effect.map(admission.states, (states) => ({ ...states.get(account) }))

describe("LocalLimiter", () => {
  it.effect("releases a permit once, with one outcome", () =>
    Effect.gen(function* () {
      const admission = yield* make({ concurrency: 8 })
      const enter = Effect.uninterruptibleMask((restore) => admission.acquire(ask(), restore))
      const places = [yield* enter, yield* enter, yield* enter]
      assert.deepInclude(yield* stateOf(admission), { inFlight: 3, concurrency: 8 })
      const busy = new classes.OverloadedError({ message: "429", retryAfter: Duration.seconds(5) })
      for (const outcome of ["success", "interrupted", busy] as const) yield* places[0]?.release(outcome) ?? Effect.void
      assert.deepInclude(yield* stateOf(admission), { inFlight: 2, concurrency: 8, pausedUntil: 0 })
      yield* places[1]?.release(busy) ?? Effect.void
      assert.deepInclude(yield* stateOf(admission), { inFlight: 1, concurrency: 7, pausedUntil: 0 })
    })
  )

  it.effect("has an account from its first use", () =>
    Effect.gen(function* () {
      const limits = { requestsPerMinute: 9, tokensPerMinute: 100, tokensPerDay: 1_000 }
      const admission = yield* make(limits)
      assert.deepStrictEqual(yield* admission.states, new Map())
      const place = yield* Effect.uninterruptibleMask((restore) => admission.acquire(ask(40), restore))
      yield* place.release("interrupted")
      assert.deepInclude(yield* stateOf(admission), {
        limits,
        requestsInMinute: 1,
        tokensInMinute: 40,
        tokensInDay: 40
      })
      yield* TestClock.adjust("62 seconds")
      assert.deepInclude(yield* stateOf(admission), { requestsInMinute: 0, tokensInMinute: 0, tokensInDay: 40 })
      yield* TestClock.adjust("25 hours")
      assert.deepInclude(yield* stateOf(admission), { tokensInDay: 0 })
    })
  )

  it.effect("has the tokens next to the limit in the error of a call that is too large", () =>
    Effect.gen(function* () {
      const admission = yield* make({ tokensPerDay: 1_000 })
      const error = yield* Effect.flip(Effect.uninterruptibleMask((restore) => admission.acquire(ask(1_001), restore)))
      assert.strictEqual(
        error.message,
        "The call counts for 1001 tokens, but the limit of moonshot is 1000 tokens per day"
      )
    })
  )
})
