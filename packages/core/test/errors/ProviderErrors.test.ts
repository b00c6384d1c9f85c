import { assert, describe, it } from "@effect/vitest"
import * as ProviderErrors from "../../src/errors/ProviderErrors.ts"

const message = "failed"

describe("ProviderErrors", () => {
  it("have the category of the provider", () => {
    const { MalformedOutputError, StructuredOutputError, ...others } = ProviderErrors
    for (const Class of Object.values(others)) assert.strictEqual(new Class({ message }).category, "provider")
    assert.strictEqual(new StructuredOutputError({ message, reason: "refusal" }).category, "provider")
    assert.strictEqual(new MalformedOutputError({ message, reason: "markup" }).category, "provider")
  })

  it("recover at another host where this one is unavailable or has another API", () => {
    assert.strictEqual(new ProviderErrors.ServiceUnavailableError({ message }).recovery._tag, "FailOver")
    assert.strictEqual(new ProviderErrors.InvalidResponseError({ message }).recovery._tag, "FailOver")
  })

  it("recover by a retry after a single failure", () => {
    assert.strictEqual(new ProviderErrors.ServerError({ message }).recovery._tag, "RetryAfter")
    assert.strictEqual(new ProviderErrors.EmptyResponseError({ message }).recovery._tag, "RetryAfter")
  })

  it("do not retry a call whose output budget was used by reasoning", () => {
    const error = new ProviderErrors.ReasoningBudgetExhaustedError({ message, completionTokens: 16 })
    assert.deepInclude(error, { isRetryable: false, breaker: "ignored", billing: "possible", completionTokens: 16 })
    assert.match(error.hint, /max_completion_tokens/)
  })

  it("do not request output again that cannot be read", () => {
    const error = new ProviderErrors.MalformedOutputError({ message, reason: "tool call" })
    assert.deepInclude(error, { isRetryable: false, breaker: "ignored", billing: "possible" })
  })

  it("keep the finish reason of an empty response", () => {
    assert.strictEqual(new ProviderErrors.EmptyResponseError({ message, finishReason: "stop" }).finishReason, "stop")
  })

  it("keep the content type of an invalid response", () => {
    const page = new ProviderErrors.InvalidResponseError({ message, contentType: "text/html", status: 200 })
    assert.strictEqual(page.contentType, "text/html")
    assert.strictEqual(page.status, 200)
  })

  it("do not count a cancelled request against the host", () => {
    const error = new ProviderErrors.RequestCancelledError({ message, status: 499 })
    assert.strictEqual(error.breaker, "ignored")
    assert.strictEqual(error.severity, "info")
  })

  it("keep raw structured output out of what is printed", () => {
    const error = new ProviderErrors.StructuredOutputError({
      message: "the output does not match the schema",
      reason: "schema mismatch",
      issue: "city: expected string",
      partial: { content: '{"city":"canary"}', reasoning_content: "", tool_calls: [] }
    })
    assert.notInclude(JSON.stringify(error), "canary")
    assert.strictEqual(error.partial?.content, '{"city":"canary"}')
  })
})
