import { assert, describe, it } from "@effect/vitest"
import * as ProviderErrors from "../../src/errors/ProviderErrors.ts"

const message = "failed inside"

describe("ProviderErrors", () => {
  it("is the host's doing in every case", () => {
    for (const Class of Object.values(ProviderErrors)) assert.strictEqual(new Class({ message }).category, "provider")
  })

  it("fails over where the host takes no calls, and asks again where it failed once", () => {
    assert.strictEqual(new ProviderErrors.ServiceUnavailableError({ message }).recovery._tag, "FailOver")
    assert.strictEqual(new ProviderErrors.InvalidResponseError({ message }).recovery._tag, "FailOver")
    assert.strictEqual(new ProviderErrors.ServerError({ message }).recovery._tag, "RetryAfter")
    assert.strictEqual(new ProviderErrors.EmptyResponseError({ message }).recovery._tag, "RetryAfter")
  })

  it("does not repeat a call whose budget reasoning ate, and does not blame the host", () => {
    const error = new ProviderErrors.ReasoningBudgetExhaustedError({ message, completionTokens: 16 })
    assert.isFalse(error.isRetryable)
    assert.strictEqual(error.breaker, "ignored")
    assert.strictEqual(error.billing, "possible")
    assert.strictEqual(error.completionTokens, 16)
    assert.match(error.hint, /max_completion_tokens/)
  })

  it("keeps what the host said about the answer", () => {
    assert.strictEqual(new ProviderErrors.EmptyResponseError({ message, finishReason: "stop" }).finishReason, "stop")
    const page = new ProviderErrors.InvalidResponseError({ message, contentType: "text/html", status: 200 })
    assert.strictEqual(page.contentType, "text/html")
    assert.strictEqual(page.status, 200)
  })

  it("does not count a caller who left against the host", () => {
    const error = new ProviderErrors.RequestCancelledError({ message, status: 499 })
    assert.strictEqual(error.breaker, "ignored")
    assert.strictEqual(error.severity, "info")
  })
})
