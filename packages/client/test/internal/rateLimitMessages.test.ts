import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import type { CommonErrorMembers } from "../../src/internal/badRequestMessages.ts"
import { fromTooManyRequests, retryAfterInMessage } from "../../src/internal/rateLimitMessages.ts"
import { fields } from "./support/errors.ts"

const common: Omit<CommonErrorMembers, "message"> = {
  provider: "moonshot",
  model: "kimi-k3",
  status: 429,
  requestId: "r-1"
}
const account = "Your account org-<redacted><ak-<redacted>>"
const wait = Duration.seconds(3)

interface Row {
  readonly type: string | undefined
  readonly message: string
  readonly meaning: Record<string, unknown>
}

const quota = (message: string, type: string | undefined = "exceeded_current_quota_error"): Row => ({
  type,
  message,
  meaning: { _tag: "QuotaExceededError" }
})

const overloaded = (message: string, type: string | undefined = "engine_overloaded_error"): Row => ({
  type,
  message,
  meaning: { _tag: "OverloadedError", retryAfter: wait }
})

const limited = (message: string, meaning: Record<string, unknown>): Row => ({
  type: "rate_limit_reached_error",
  message,
  meaning: { _tag: "RateLimitError", retryAfter: wait, ...meaning }
})

const perMinute = { kind: "requests per minute", limit: 3 }
const tokens = { kind: "tokens per minute", current: 500_123, limit: 500_000 }

const rows: ReadonlyArray<Row> = [
  quota(`${account} is suspended, please check your plan and billing details`),
  quota(`${account} is suspended due to insufficient balance, please recharge your account`),
  quota("You exceeded your current token quota: <org-<redacted>> 1000000, please check your account balance"),
  quota("You exceeded your current quota, please check your plan", undefined),
  quota("You've reached your usage limit for this billing cycle", "rate_limit_error"),
  quota("anything at all"),
  quota("The engine is currently overloaded"),

  overloaded("The engine is currently overloaded, please try again later"),
  overloaded("anything at all"),
  overloaded("Model overloaded", undefined),

  limited(`${account} request reached organization max concurrency: 1, please try again after 1 seconds`, {
    kind: "concurrency",
    limit: 1
  }),
  limited(`${account} request reached organization max RPM: 3, please try again after 1 seconds`, perMinute),
  limited(`${account} request reached user+model max RPM: 3, please try again after 1 seconds`, perMinute),
  limited(`${account} request reached organization TPM rate limit, current:500123, limit:500000`, tokens),
  limited(`${account} request reached TPM rate limit, current: 500123, limit: 500000`, tokens),
  limited("Organization Rate limit exceeded, please try again after 1 seconds", { kind: "unknown" }),
  limited("", { kind: "unknown" }),
  { ...limited("slow down", { kind: "unknown" }), type: undefined },

  limited(`${account} request reached organization TPD rate limit, current:1500042, limit:1500000`, {
    _tag: "DailyLimitError",
    current: 1_500_042,
    limit: 1_500_000
  }),
  limited("You have used all tokens per day", { _tag: "DailyLimitError" })
]

describe("rateLimitMessages", () => {
  describe("fromTooManyRequests", () => {
    it("distinguishes the four meanings of a 429 in every wording", () => {
      for (const { type, message, meaning } of rows) {
        const error = fromTooManyRequests({ ...common, message }, type, wait)
        assert.deepStrictEqual(fields(error), { ...common, message, ...meaning }, `${type}: ${message}`)
      }
    })

    it("ignores case", () => {
      for (const { type, message, meaning } of rows) {
        const error = fields(fromTooManyRequests({ ...common, message: message.toUpperCase() }, type, wait))
        assert.deepStrictEqual(error, { ...common, message: message.toUpperCase(), ...meaning })
        const { _tag } = fromTooManyRequests({ ...common, message: message.toLowerCase() }, type, wait)
        assert.strictEqual(_tag, meaning["_tag"], message)
      }
    })

    it("returns retryable errors only for rate limits or overload", () => {
      for (const { type, message, meaning } of rows) {
        const { isRetryable } = fromTooManyRequests({ ...common, message }, type, wait)
        assert.strictEqual(
          isRetryable,
          ["RateLimitError", "OverloadedError"].includes(String(meaning["_tag"])),
          message
        )
      }
    })

    it("reports no wait where the host names none", () => {
      for (const { type, message } of rows) {
        assert.notProperty(fromTooManyRequests({ ...common, message }, type, undefined), "retryAfter", message)
      }
    })

    it("ignores figures that are too long for a number", () => {
      const digits = "9".repeat(400)
      for (const message of [`TPM, current:${digits}, limit:${digits}`, `max RPM: ${digits}`, `TPD, limit:${digits}`]) {
        const { limit, current } = fields(fromTooManyRequests({ ...common, message }, undefined, undefined))
        assert.deepStrictEqual([limit, current], [undefined, undefined], message)
      }
    })
  })

  describe("retryAfterInMessage", () => {
    it("reads the wait in the unit of the text, by default in seconds", () => {
      const cases = [
        ["please try again after 1 seconds", Duration.seconds(1)],
        ["please try again after 1 second.", Duration.seconds(1)],
        ["Try again after 30s", Duration.seconds(30)],
        ["try again after 2.5 seconds", Duration.millis(2_500)],
        ["try again after 500ms", Duration.millis(500)],
        ["try again after 750 milliseconds", Duration.millis(750)],
        ["try again after 2 minutes", Duration.minutes(2)],
        ["try again after 1 minute", Duration.minutes(1)],
        ["try again after 7", Duration.seconds(7)],
        ["try again after 7 or later", Duration.seconds(7)],
        ["Please try again after 2 Minutes", Duration.minutes(2)],
        ["try again after 3 hours", Duration.hours(3)],
        ["try again after 1 min", Duration.minutes(1)],
        ["Please try again in 20s. Visit our page", Duration.seconds(20)],
        ["Please try again in 1.242s", Duration.millis(1_242)],
        ["try again in 6m30s", Duration.seconds(390)],
        ["try again in 1h 5m", Duration.minutes(65)],
        ["try again after 2 seconds, 5 calls at most", Duration.seconds(2)],
        ["try again after 0 seconds", Duration.zero]
      ] as const
      for (const [text, expected] of cases) {
        const read = retryAfterInMessage(text)
        assert.isTrue(read !== undefined && Duration.equals(read, expected), text)
      }
    })

    it("returns nothing where the text names no wait", () => {
      for (const text of ["", "please try again later", "try again after lunch", "after 3 seconds"]) {
        assert.isUndefined(retryAfterInMessage(text), text)
      }
    })

    it("returns a finite wait for any figure", () => {
      const read = retryAfterInMessage(`try again after ${"9".repeat(500)} minutes`)
      assert.isTrue(read === undefined || Duration.isFinite(read))
    })
  })
})
