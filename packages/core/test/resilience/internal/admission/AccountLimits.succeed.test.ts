import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Random } from "effect"
import { classes, type KimiError } from "../../../../src/errors/KimiError.ts"
import { AccountLimits } from "../../../../src/resilience/internal/admission/AccountLimits.ts"
import type { RateLimits } from "../../../../src/resilience/RateLimits.ts"
import { answer, daily, forever, minute, overloaded, refuse, refused, running, t0 } from "../../support/account.ts"
import { between, type Chance, happens, oneOf } from "../../support/chance.ts"

describe("AccountLimits.recordSuccess", () => {
  it("recovers a tenth of a permit per success, up to the limit", () => {
    const account = running({ concurrency: 20 }, 20)
    for (let call = 0; call < 10; call++) refuse(account, overloaded(), t0)
    const cut = account.usage(t0).concurrency
    assert.isTrue(cut >= 9 && cut <= 12, String(cut))
    for (let call = 0; call < 10; call++) answer(account, t0)
    const after = account.usage(t0).concurrency
    assert.isTrue(after === cut + 1 || after === cut + 2, String(after))
    for (let call = 0; call < 1_000; call++) account.recordSuccess(t0)
    assert.strictEqual(account.usage(t0).concurrency, 20)
  })

  it("removes the learned concurrency where no limit is known", () => {
    const account = running({}, 5)
    refuse(account, overloaded(), t0)
    assert.strictEqual(account.usage(t0).concurrency, 4)
    for (let call = 0; call < 100; call++) account.recordSuccess(t0)
    assert.strictEqual(account.usage(t0).concurrency, forever)
  })

  it("recovers the full rate, for any movement of the clock", () => {
    const account = running({ requestsPerMinute: 100 }, 10)
    refuse(account, refused("unknown"), t0)
    assert.strictEqual(account.usage(t0).pace, 0.9)
    account.recordSuccess(t0 - 5 * minute)
    assert.strictEqual(account.usage(t0).pace, 0.91)
    for (let call = 0; call < 20; call++) account.recordSuccess(t0 + minute)
    assert.strictEqual(account.usage(t0).pace, 1)
  })

  const anyLimits = (chance: Chance): RateLimits => ({
    concurrency: oneOf(chance, undefined, between(chance, 1, 40)),
    requestsPerMinute: oneOf(chance, undefined, between(chance, 1, 100)),
    tokensPerMinute: oneOf(chance, undefined, between(chance, 1, 10_000)),
    tokensPerDay: oneOf(chance, undefined, between(chance, 1, 100_000))
  })

  const anyError = (chance: Chance): KimiError => {
    const figures = {
      ...(happens(chance, 0.4) ? { limit: between(chance, 0, 200) } : {}),
      ...(happens(chance, 0.4) ? { current: between(chance, 0, 20_000) } : {}),
      ...(happens(chance, 0.4) ? { retryAfter: Duration.millis(between(chance, 0, 5_000)) } : {})
    }
    return oneOf<KimiError>(
      chance,
      overloaded(figures.retryAfter),
      daily(figures),
      refused("unknown", figures),
      refused("concurrency", figures),
      refused("requests per minute", figures),
      refused("tokens per minute", figures),
      new classes.ServerError({ message: "500" })
    )
  }

  it.effect("never exceeds the configured limits, for any reports of the host", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      for (let trace = 0; trace < 150; trace++) {
        const given = anyLimits(chance)
        const account = new AccountLimits(given, 0)
        const calls: Array<number> = []
        let now = t0
        for (let step = 0; step < 100; step++) {
          now += between(chance, 0, 2_000)
          const tokens = between(chance, 0, given.tokensPerMinute ?? 500)
          const before = account.usage(now)
          if (account.waitMillis(tokens, now) === 0) {
            account.acquire(tokens, now)
            calls.push(now)
            const after = account.usage(now)
            assert.isAtMost(after.inFlight, given.concurrency ?? forever)
            assert.isAtMost(before.requestsInMinute + 1, given.requestsPerMinute ?? forever)
            assert.isAtMost(before.tokensInMinute + tokens, given.tokensPerMinute ?? forever)
            assert.isAtMost(before.tokensInDay + tokens, given.tokensPerDay ?? forever)
          }
          if (happens(chance, 0.5)) {
            for (const _ of calls.splice(0, 1)) {
              account.release()
              if (happens(chance, 0.7)) account.recordSuccess(now)
              else account.recordFailure(anyError(chance), now)
            }
          }
          const { concurrency, inFlight, pace } = account.usage(now)
          assert.isTrue(concurrency >= 1 && concurrency <= (given.concurrency ?? forever))
          assert.isTrue(pace >= 0.1 && pace <= 1)
          assert.strictEqual(inFlight, calls.length)
        }
      }
    }).pipe(Random.withSeed("what accounts learn"))
  )
})
