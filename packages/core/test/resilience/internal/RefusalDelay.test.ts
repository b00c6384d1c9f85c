import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { OverloadedError, RateLimitError } from "../../../src/errors/RateLimitErrors.ts"
import { refusalDelay } from "../../../src/resilience/internal/RefusalDelay.ts"

const refused = (kind: RateLimitError["kind"], members: { limit?: number; retryAfter?: Duration.Duration } = {}) =>
  new RateLimitError({ message: "refused", kind, ...members })

describe("refusalDelay", () => {
  it("depends on the limit that was exceeded", () => {
    assert.strictEqual(refusalDelay(refused("concurrency")), 1_000)
    assert.strictEqual(refusalDelay(refused("requests per minute")), 5_000)
    assert.strictEqual(refusalDelay(refused("tokens per minute")), 20_000)
    assert.strictEqual(refusalDelay(refused("unknown")), 0)
    assert.strictEqual(refusalDelay(new OverloadedError({ message: "busy" })), 0)
  })

  it("is the time of one request, where the limit is known", () => {
    const rows = [
      [3, 20_000],
      [1, 60_000],
      [500, 1_000],
      [0.1, 60_000],
      [0, 5_000],
      [-3, 5_000]
    ] as const
    for (const [limit, delay] of rows) {
      assert.strictEqual(refusalDelay(refused("requests per minute", { limit })), delay, String(limit))
    }
  })

  it("is left to the host that names a wait", () => {
    for (const kind of ["concurrency", "requests per minute", "tokens per minute"] as const) {
      assert.strictEqual(refusalDelay(refused(kind, { retryAfter: Duration.zero })), 0)
    }
  })
})
