import { assert, describe, it } from "@effect/vitest"
import { RefusalRun } from "../../../../src/resilience/internal/admission/RefusalRun.ts"
import { minute, t0 } from "../../support/account.ts"

describe("RefusalRun", () => {
  it("counts a refusal for a minute with the margin", () => {
    const run = new RefusalRun(1_000)
    run.recordRefusal(t0)
    assert.strictEqual(run.refusedInMinute(t0 + minute + 999), 1)
    assert.strictEqual(run.refusedInMinute(t0 + minute + 1_100), 0)
  })

  it("counts an answer at the start of the time in question", () => {
    const run = new RefusalRun(0)
    run.recordSuccess(t0)
    assert.isTrue(run.isAnsweredSince(t0))
    assert.isFalse(run.isAnsweredSince(t0 + 1))
  })
})
