import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { type FailedResponse, fromFailedResponse } from "../../src/internal/statusErrors.ts"

const read = (status: number, rest: Partial<FailedResponse> = {}) =>
  fromFailedResponse({
    status,
    members: { message: "failed", provider: "moonshot", model: "kimi-k3", status },
    type: undefined,
    text: "failed",
    retryAfter: undefined,
    location: undefined,
    isMoonshot: true,
    ...rest
  })

const tagOf = (status: number, rest: Partial<FailedResponse> = {}): string => read(status, rest)._tag

describe("fromFailedResponse", () => {
  it("falls back to the class of a status", () => {
    assert.deepStrictEqual(
      [302, 418, 510].map((status) => tagOf(status)),
      ["RedirectError", "InvalidRequestError", "ServerError"]
    )
  })

  it("takes a status above 599 for a server error", () => {
    assert.strictEqual(tagOf(600), "ServerError")
    assert.strictEqual(tagOf(999), "ServerError")
  })

  it("takes a status below 300 for an invalid response", () => {
    assert.strictEqual(tagOf(100), "InvalidResponseError")
    assert.strictEqual(tagOf(204), "InvalidResponseError")
  })

  it("prefers the type of an overloaded host to a 5xx status", () => {
    assert.strictEqual(tagOf(503, { type: "engine_overloaded_error" }), "OverloadedError")
    assert.strictEqual(tagOf(504, { type: "engine_overloaded_error" }), "OverloadedError")
  })

  it("does not read the type of an overloaded host with a 4xx status", () => {
    assert.strictEqual(tagOf(408, { type: "engine_overloaded_error" }), "GatewayTimeoutError")
  })

  it("states how to record a request that the cassette of a mock server does not have", () => {
    const error = read(404, { type: "cassette_miss_error" })
    assert.strictEqual(error.message, "failed")
    assert.include(error.hint, "KIMI_CASSETTE_MODE")
  })

  it("reports no wait for an exhausted account", () => {
    const error = read(429, { retryAfter: Duration.seconds(3), type: "exceeded_current_quota_error" })
    assert.strictEqual(error._tag, "QuotaExceededError")
    assert.notProperty(error, "retryAfter")
  })
})

describe("a rate limit", () => {
  it("is not a limit of a period because its wait takes hours", () => {
    assert.strictEqual(tagOf(429, { text: "Rate limit exceeded, please try again in 2 hours" }), "RateLimitError")
  })

  it("is not a context overflow because its text is about tokens", () => {
    const text = "This model's maximum context length is 8192 tokens, however you requested 9000 tokens"
    assert.strictEqual(tagOf(429, { text }), "RateLimitError")
  })

  it("is recognized by the status of iFlow", () => {
    assert.strictEqual(tagOf(449, { text: "You exceeded your current rate limit" }), "RateLimitError")
  })
})

describe("the type of an error", () => {
  const unpaid = "insufficient balance"

  it("is more than its text, unless it is that of a rate limit or a permission", () => {
    for (const type of ["rate_limit_error", "permission_error"]) {
      assert.strictEqual(tagOf(500, { type, text: unpaid }), "QuotaExceededError", type)
    }
    assert.strictEqual(tagOf(500, { type: "authentication_error", text: unpaid }), "AuthenticationError")
  })

  it("is that of an overloaded host in the words of others", () => {
    assert.strictEqual(tagOf(500, { type: "overloaded_error" }), "OverloadedError")
  })

  it("is not read from a redirect", () => {
    assert.strictEqual(tagOf(302, { type: "insufficient_quota" }), "RedirectError")
  })
})

describe("the text of a gateway", () => {
  it("does not blame the account", () => {
    assert.strictEqual(tagOf(503, { text: "payment required", isFromGateway: true }), "ServiceUnavailableError")
    assert.strictEqual(tagOf(503, { text: "payment required" }), "QuotaExceededError")
  })

  it("names a proxy only where one demands authentication", () => {
    assert.include(read(407).message, "demands authentication")
    assert.include(read(403, { isFromGateway: true }).message, "A firewall, gateway or proxy")
  })
})

describe("a refused address", () => {
  it("is recognized between other words", () => {
    assert.strictEqual(tagOf(403, { text: "Your IP address 10.0.0.1 is not authorized here" }), "IpNotAllowedError")
  })
})
