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

  it("has the window that the host names", () => {
    const rows: ReadonlyArray<readonly [Record<string, string>, Record<string, number>]> = [
      [
        { "ratelimit-limit": "100, 100;w=3600", "ratelimit-remaining": "7", "ratelimit-reset": "50" },
        { limit: 100, remaining: 7, reset: 50_000, window: 3_600_000 }
      ],
      [
        { ratelimit: '"default";r=50;t=30', "ratelimit-policy": '"default";q=100;w=60' },
        { limit: 100, remaining: 50, reset: 30_000, window: 60_000 }
      ],
      [
        { ratelimit: "limit=10, remaining=9, reset=1", "ratelimit-policy": "10;w=1" },
        { limit: 10, remaining: 9, reset: 1_000, window: 1_000 }
      ],
      [
        { "x-ratelimit-limit-requests-day": "900", "x-ratelimit-remaining-requests-day": "899" },
        { limit: 900, remaining: 899, window: 86_400_000 }
      ],
      [
        {
          "x-ratelimit-limit-requests-minute": "30",
          "x-ratelimit-remaining-requests-minute": "29",
          "x-ratelimit-limit-requests-day": "900"
        },
        { limit: 30, remaining: 29, window: 60_000 }
      ]
    ]
    for (const [headers, expected] of rows) assert.deepStrictEqual(of(headers), expected)
  })

  it("reads a reset that is a Unix time or a date, by the host's clock", () => {
    const date = "Sun, 22 Nov 2026 12:00:00 GMT"
    const at = Date.UTC(2026, 10, 22, 12) + 45_000
    for (const reset of [String(at), String(at / 1_000), new Date(at).toISOString(), new Date(at).toUTCString()]) {
      const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset }
      assert.deepStrictEqual(of({ ...headers, date }), { remaining: 0, reset: 45_000 }, reset)
      assert.deepStrictEqual(of(headers), { remaining: 0 }, reset)
    }
    const past = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1758000000" }
    assert.deepStrictEqual(of({ ...past, date }), { remaining: 0, reset: 0 })
  })
})
