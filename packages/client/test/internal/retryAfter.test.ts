import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Schema from "effect/Schema"
import { retryAfterOf } from "../../src/internal/retryAfter.ts"
import { runs, seedOf } from "../../../../test/support/depth.ts"
import { now } from "./support/errors.ts"

/** Milliseconds of the wait that a response with these headers names. */
const waitOf = (headers: Record<string, string>, { status = 503, text = "" } = {}): number | undefined => {
  const wait = retryAfterOf({ status, headers: Headers.fromInput(headers), now }, text)
  return wait === undefined ? undefined : Duration.toMillis(wait)
}

const httpDate = (millis: number): string => new Date(millis).toUTCString()

const hour = 3_600_000

describe("retryAfterOf", () => {
  it("reads relative waits in any unit", () => {
    assert.strictEqual(waitOf({ "retry-after": "1.5" }), 1_500)
    assert.strictEqual(waitOf({ "retry-after": "0.25" }), 250)
    assert.strictEqual(waitOf({ "retry-after": "1m30s" }), 90_000)
    assert.strictEqual(waitOf({ "retry-after-ms": "750" }), 750)
    assert.strictEqual(waitOf({ "retry-after-ms": "12.5" }), 13)
    assert.strictEqual(waitOf({ "x-ms-retry-after-ms": "40" }), 40)
    assert.strictEqual(waitOf({ "retry-after-ms": "750", "retry-after": "2" }), 2_000)
  })

  it("takes the longest value of a header that was sent several times", () => {
    assert.strictEqual(waitOf({ "retry-after": "1, 5, 3" }), 5_000)
    assert.strictEqual(waitOf({ "retry-after": `2, ${httpDate(now + 9_000)}` }), 9_000)
    assert.strictEqual(waitOf({ "retry-after": `${httpDate(now + 4_000)}, ${httpDate(now + 7_000)}, 1` }), 7_000)
    assert.strictEqual(waitOf({ "retry-after": "soon, 2" }), 2_000)
  })

  it("reads Unix times in seconds or milliseconds", () => {
    assert.strictEqual(waitOf({ "retry-after": String(now / 1_000 + 20) }), 20_000)
    assert.strictEqual(waitOf({ "retry-after": String(now / 1_000 + 20.5) }), 20_500)
    assert.strictEqual(waitOf({ "retry-after": String(now + 20_000) }), 20_000)
    assert.strictEqual(waitOf({ "x-retry-after": String(now / 1_000 - 20) }), 0)
  })

  it("reads an ISO date", () => {
    assert.strictEqual(waitOf({ "retry-after": new Date(now + 5_000).toISOString() }), 5_000)
    assert.strictEqual(waitOf({ "retry-after": "2026-11-22T13:00:10+01:00" }), 10_000)
  })

  it("compares dates with the host's clock", () => {
    for (const skew of [-3 * hour, -30_000, 0, 30_000, 24 * hour]) {
      const date = httpDate(now + skew)
      assert.strictEqual(waitOf({ date, "retry-after": httpDate(now + skew + 8_000) }), 8_000)
      assert.strictEqual(waitOf({ date, "retry-after": String((now + skew) / 1_000 + 8) }), 8_000)
      assert.strictEqual(
        waitOf({ date: `${date}, ${httpDate(now)}`, "retry-after": httpDate(now + skew + 8_000) }),
        8_000
      )
    }
    assert.strictEqual(waitOf({ date: "yesterday", "retry-after": httpDate(now + 8_000) }), 8_000)
  })

  it("does not need the host's clock for a number of seconds", () => {
    assert.strictEqual(waitOf({ date: httpDate(now - hour), "retry-after": "3" }), 3_000)
  })

  it("ignores values that are no wait", () => {
    for (const value of [
      "-5",
      "-0.5",
      "NaN",
      "Infinity",
      "1e9",
      "+3",
      "3 apples",
      "0x10",
      ",,",
      "Sun",
      "2026-99-99T00:00:00Z"
    ]) {
      assert.isUndefined(waitOf({ "retry-after": value }), value)
      assert.isUndefined(waitOf({ "retry-after-ms": value }), value)
    }
  })

  it("has a bound", () => {
    for (const value of ["999999999", "9".repeat(40), String(now * 10)]) {
      assert.strictEqual(waitOf({ "retry-after": value }), 31 * 24 * hour, value)
    }
    assert.isUndefined(waitOf({ "retry-after": "9".repeat(5_000) }))
  })

  it("reads other texts", () => {
    assert.strictEqual(waitOf({}, { text: "Please retry after 5 seconds" }), 5_000)
    assert.strictEqual(waitOf({}, { text: "Please wait 30 seconds before you retry" }), 30_000)
    assert.strictEqual(waitOf({}, { text: "请求过于频繁，请 5 秒后重试" }), 5_000)
    assert.strictEqual(waitOf({}, { text: "请在2分钟后再试" }), 120_000)
  })

  it("is the reset of the limit that is used up, for a 429 that names no wait", () => {
    const tooMany = { status: 429 }
    const used = { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s" }
    assert.strictEqual(waitOf(used, tooMany), 360_000)
    assert.strictEqual(waitOf({ ...used, "retry-after": "2" }, tooMany), 2_000)
    assert.isUndefined(waitOf(used))
    assert.isUndefined(waitOf({ ...used, "x-ratelimit-remaining-tokens": "7" }, tooMany))
    const reset = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now + 4_000) }
    assert.strictEqual(waitOf(reset, tooMany), 4_000)
    assert.strictEqual(waitOf({ ratelimit: '"default";r=0;t=9' }, tooMany), 9_000)
  })

  it.prop(
    "is absent or within its bound for any headers",
    { value: Schema.String, date: Schema.String, number: Schema.Finite },
    ({ date, number, value }) => {
      for (const text of [value, String(number), `${number}s`]) {
        const wait = waitOf({ "retry-after": text, "retry-after-ms": text, date }, { status: 429, text })
        assert.isTrue(wait === undefined || (wait >= 0 && wait <= 31 * 24 * hour))
      }
    },
    { arbitrary: { seed: seedOf("waits"), runs: runs({ sample: 500, deep: 10_000 }) } }
  )
})
