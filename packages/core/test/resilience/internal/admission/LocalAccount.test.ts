import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber } from "effect"
import { LocalAccount } from "../../../../src/resilience/internal/admission/LocalAccount.ts"
import type { RateLimits } from "../../../../src/resilience/RateLimits.ts"
import { ask, start } from "../../support/admission.ts"
import { errorOf } from "../../support/breaker.ts"

const make = (limits: RateLimits) =>
  Effect.map(
    Effect.context<never>(),
    (context) => new LocalAccount("moonshot", limits, 0, { maxQueue: 10, maxWait: Duration.minutes(2) }, context)
  )

const acquire = (account: LocalAccount, tokens = 0) =>
  Effect.uninterruptibleMask((restore) => Effect.suspend(() => account.acquire(ask(tokens), restore)))

describe("LocalAccount", () => {
  it.effect("is idle before its first call", () =>
    Effect.gen(function* () {
      assert.isTrue((yield* make({})).isIdle())
    })
  )

  it.effect("is not idle while a call runs", () =>
    Effect.gen(function* () {
      const account = yield* make({})
      const permit = yield* acquire(account)
      assert.isFalse(account.isIdle())
      yield* permit.release("success")
      assert.isTrue(account.isIdle())
    })
  )

  it.effect("is not idle while a call waits", () =>
    Effect.gen(function* () {
      const account = yield* make({ requestsPerMinute: 1 })
      const permit = yield* acquire(account)
      yield* permit.release("success")
      const waiting = yield* start(acquire(account))
      assert.isFalse(account.isIdle())
      yield* Fiber.interrupt(waiting)
      assert.isTrue(account.isIdle())
    })
  )

  it.effect("refuses a call that is larger than its limit although others wait", () =>
    Effect.gen(function* () {
      const account = yield* make({ concurrency: 1, tokensPerMinute: 100 })
      yield* acquire(account)
      yield* start(acquire(account))
      const large = yield* start(acquire(account, 101))
      const exit = large.pollUnsafe()
      assert.strictEqual(
        exit === undefined || Exit.isSuccess(exit) ? undefined : errorOf(exit)?._tag,
        "AdmissionLimitError"
      )
    })
  )
})
