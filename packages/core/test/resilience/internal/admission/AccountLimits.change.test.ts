import { assert, describe, it } from "@effect/vitest"
import { AccountLimits } from "../../../../src/resilience/internal/admission/AccountLimits.ts"
import { forever, minute, refuse, refused, running, t0 } from "../../support/account.ts"

describe("AccountLimits.change", () => {
  it("admits no call while more run than the new limit allows", () => {
    const account = running({ concurrency: 5 }, 4)
    account.change({ concurrency: 2 })
    assert.deepInclude(account.usage(t0), { inFlight: 4, concurrency: 2 })
    for (const left of [3, 2]) {
      account.release()
      assert.strictEqual(account.usage(t0).inFlight, left)
      assert.strictEqual(account.waitMillis(0, t0), forever)
    }
    account.release()
    assert.strictEqual(account.waitMillis(0, t0), 0)
  })

  it("admits at once when a limit is raised or removed", () => {
    const account = running({ concurrency: 2 }, 2)
    assert.strictEqual(account.waitMillis(0, t0), forever)
    account.change({ concurrency: 3 })
    assert.strictEqual(account.waitMillis(0, t0), 0)
    account.acquire(0, t0)
    assert.strictEqual(account.waitMillis(0, t0), forever)
    account.change({})
    assert.strictEqual(account.waitMillis(0, t0), 0)
  })

  it("keeps its windows", () => {
    const account = running({ requestsPerMinute: 10, tokensPerMinute: 100 }, 5, t0, 10)
    account.change({ requestsPerMinute: 5, tokensPerMinute: 60 })
    assert.deepInclude(account.usage(t0), { requestsInMinute: 5, tokensInMinute: 50 })
    assert.strictEqual(account.waitMillis(1, t0), minute + 100 - (t0 % 100))
    account.change({ requestsPerMinute: 6, tokensPerMinute: 60 })
    assert.strictEqual(account.waitMillis(10, t0), 0)
    assert.isAbove(account.waitMillis(11, t0), 0)
  })

  it("keeps a learned limit while the configured one is unchanged, for its time only", () => {
    const account = running({ requestsPerMinute: 100, concurrency: 10 }, 1)
    refuse(account, refused("requests per minute", { limit: 20 }), t0)
    account.change({ requestsPerMinute: 100, concurrency: 5 })
    assert.deepInclude(account.limits, { requestsPerMinute: 20, concurrency: 5 })
    account.waitMillis(0, t0 + 10 * minute)
    assert.deepInclude(account.limits, { requestsPerMinute: 100, concurrency: 5 })
  })

  it("replaces a learned limit with one that changes", () => {
    const account = running({ requestsPerMinute: 100 }, 1)
    refuse(account, refused("requests per minute", { limit: 20 }), t0)
    account.change({ requestsPerMinute: 200 })
    assert.strictEqual(account.limits.requestsPerMinute, 200)
    account.change({ requestsPerMinute: 10 })
    assert.strictEqual(account.limits.requestsPerMinute, 10)
  })

  it("undoes the count of a call, also if tokens no longer count", () => {
    const account = new AccountLimits({ tokensPerMinute: 100 }, 0)
    account.acquire(40, t0)
    account.change({})
    account.cancel(40, t0, t0)
    account.change({ tokensPerMinute: 100 })
    assert.deepInclude(account.usage(t0), { inFlight: 0, requestsInMinute: 0, tokensInMinute: 0, tokensInDay: 0 })
  })
})
