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

const stateOf = (door: Effect.Success<ReturnType<typeof make>>) =>
  Effect.map(door.states, (states) => ({ ...states.get(account) }))

describe("LocalDoor", () => {
  it.effect("takes a place back once, and learns once from how its call ended", () =>
    Effect.gen(function* () {
      const door = yield* make({ concurrency: 8 })
      const enter = Effect.uninterruptibleMask((restore) => door.acquire(ask(), restore))
      const places = [yield* enter, yield* enter, yield* enter]
      assert.deepInclude(yield* stateOf(door), { inFlight: 3, concurrency: 8 })
      const busy = new classes.OverloadedError({ message: "429", retryAfter: Duration.seconds(5) })
      for (const outcome of ["success", "interrupted", busy] as const) yield* places[0]?.release(outcome) ?? Effect.void
      assert.deepInclude(yield* stateOf(door), { inFlight: 2, concurrency: 8, pausedUntil: 0 })
      yield* places[1]?.release(busy) ?? Effect.void
      assert.deepInclude(yield* stateOf(door), { inFlight: 1, concurrency: 7, pausedUntil: 5_000 })
    })
  )

  it.effect("knows an account from when it is first asked for, and forgets what has left its windows", () =>
    Effect.gen(function* () {
      const limits = { requestsPerMinute: 9, tokensPerMinute: 100, tokensPerDay: 1_000 }
      const door = yield* make(limits)
      assert.deepStrictEqual(yield* door.states, new Map())
      const place = yield* Effect.uninterruptibleMask((restore) => door.acquire(ask(40), restore))
      yield* place.release("interrupted")
      assert.deepInclude(yield* stateOf(door), { limits, requestsInMinute: 1, tokensInMinute: 40, tokensInDay: 40 })
      yield* TestClock.adjust("62 seconds")
      assert.deepInclude(yield* stateOf(door), { requestsInMinute: 0, tokensInMinute: 0, tokensInDay: 40 })
      yield* TestClock.adjust("25 hours")
      assert.deepInclude(yield* stateOf(door), { tokensInDay: 0 })
    })
  )

  it.effect("tells a call that is too large how large it is and what the limit is", () =>
    Effect.gen(function* () {
      const door = yield* make({ tokensPerDay: 1_000 })
      const error = yield* Effect.flip(Effect.uninterruptibleMask((restore) => door.acquire(ask(1_001), restore)))
      assert.strictEqual(error.message, "The call counts for 1001 tokens, and moonshot has 1000 tokens per day")
    })
  )
})
