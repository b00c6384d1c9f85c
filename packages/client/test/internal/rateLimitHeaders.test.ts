import { assert, describe, it } from "@effect/vitest"
import * as Headers from "effect/http/Headers"
import { parseRateStatus } from "../../src/internal/rateLimitHeaders.ts"

const of = (headers: Record<string, string>) => parseRateStatus(Headers.fromInput(headers))

describe("parseRateStatus", () => {
  it("parses Moonshot's headers, in seconds", () => {
    assert.deepStrictEqual(
      of({ "X-RateLimit-Limit": "500", "X-RateLimit-Remaining": "12", "X-RateLimit-Reset": "1.5" }),
      { limit: 500, remaining: 12, reset: 1500 }
    )
  })

  it("prefers OpenAI's headers of requests", () => {
    assert.deepStrictEqual(
      of({
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-remaining": "7",
        "x-ratelimit-reset-requests": "1m30.5s"
      }),
      { limit: 60, remaining: 0, reset: 90_500 }
    )
  })

  it("parses the durations of OpenAI's headers", () => {
    assert.deepStrictEqual(of({ "x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "120ms" }), {
      remaining: 1,
      reset: 120
    })
  })

  it("parses the headers of the IETF draft", () => {
    assert.deepStrictEqual(of({ "ratelimit-limit": "10", "ratelimit-remaining": "3", "ratelimit-reset": "50" }), {
      limit: 10,
      remaining: 3,
      reset: 50_000
    })
  })

  it("is undefined without headers or with invalid ones", () => {
    assert.isUndefined(of({}))
    assert.isUndefined(of({ "x-ratelimit-reset": "5" }))
    for (const remaining of ["-1", "many", "1e3", "", "9".repeat(40)]) {
      assert.isUndefined(of({ "x-ratelimit-remaining": remaining }), remaining)
    }
    for (const reset of ["soon", "1758000000", "1".repeat(50), "5d", "-3"]) {
      assert.deepStrictEqual(of({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset }), { remaining: 0 }, reset)
    }
  })
})
