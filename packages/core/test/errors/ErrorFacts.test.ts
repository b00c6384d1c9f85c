import { assert, describe, it } from "@effect/vitest"
import { type Facts, table } from "../../src/errors/ErrorFacts.ts"

const rows: ReadonlyArray<readonly [string, Facts]> = Object.entries(table)

const tagsWhere = (test: (facts: Facts) => boolean): Array<string> =>
  rows.filter(([, facts]) => test(facts)).map(([tag]) => tag)

const factsOf = (tags: ReadonlyArray<keyof typeof table>): ReadonlyArray<Facts> => tags.map((tag) => table[tag])

describe("ErrorFacts", () => {
  it("never retries what only a person can put right", () => {
    for (const category of ["quota", "authentication", "validation", "configuration", "resource"]) {
      const family = tagsWhere((facts) => facts.category === category)
      assert.isNotEmpty(family)
      assert.deepStrictEqual(
        tagsWhere((facts) => facts.category === category && facts.isRetryable),
        []
      )
    }
  })

  it("retries the failures that pass, and only these", () => {
    assert.sameMembers(
      tagsWhere((facts) => facts.isRetryable),
      [
        "DnsError",
        "ConnectionRefusedError",
        "ConnectionLostError",
        "ConnectTimeoutError",
        "FirstTokenTimeoutError",
        "IdleTimeoutError",
        "TotalTimeoutError",
        "RateLimitError",
        "OverloadedError",
        "ServerError",
        "ServiceUnavailableError",
        "GatewayTimeoutError",
        "InvalidResponseError",
        "EmptyResponseError",
        "RequestCancelledError",
        "StreamTruncatedError",
        "StreamInterruptedError",
        "StreamDecodeError",
        "StreamFailedError"
      ]
    )
  })

  it("does not hold the caller's own limits against the host", () => {
    for (const facts of factsOf(["RateLimitError", "DailyLimitError", "QuotaExceededError", "RequestCancelledError"])) {
      assert.strictEqual(facts.breaker, "ignored")
    }
  })

  it("holds overload, server faults, timeouts and a lost network against the host", () => {
    const tags = [
      ...tagsWhere((facts) => facts.category === "timeout" || facts.category === "stream").filter(
        // The caller's own deadline speaks of the caller.
        (tag) => tag !== "DeadlineExceededError"
      ),
      "DnsError",
      "ConnectionRefusedError",
      "ConnectionLostError",
      "TlsError",
      "OverloadedError",
      "ServerError",
      "ServiceUnavailableError",
      "GatewayTimeoutError",
      "InvalidResponseError",
      "EmptyResponseError"
    ]
    assert.sameMembers(
      tagsWhere((facts) => facts.breaker === "failure"),
      tags
    )
  })

  it("never blames the host for what will fail again anywhere", () => {
    const blamed = tagsWhere((facts) => !facts.isRetryable && facts.breaker === "failure")
    assert.deepStrictEqual(blamed, ["TlsError"])
  })

  it("admits no charge where the host refused before generating", () => {
    const refused = new Set(["authentication", "rate limit", "quota", "configuration"])
    for (const [tag, facts] of rows) {
      if (refused.has(facts.category)) assert.strictEqual(facts.billing, "none", tag)
    }
    for (const facts of factsOf(["DnsError", "ConnectionRefusedError", "TlsError", "ConnectTimeoutError"])) {
      assert.strictEqual(facts.billing, "none")
    }
  })

  it("warns of a possible charge where the request had been sent", () => {
    for (const [tag, facts] of rows) {
      if (facts.category === "stream") assert.strictEqual(facts.billing, "possible", tag)
    }
    for (const facts of factsOf([
      "ConnectionLostError",
      "TotalTimeoutError",
      "GatewayTimeoutError",
      "IdleTimeoutError"
    ])) {
      assert.strictEqual(facts.billing, "possible")
    }
  })

  it("offers a retry only after an error that may be retried", () => {
    assert.deepStrictEqual(
      tagsWhere((facts) => facts.recovery === "RetryAfter" && !facts.isRetryable),
      []
    )
    assert.deepStrictEqual(
      tagsWhere((facts) => facts.isRetryable && !["RetryAfter", "FailOver"].includes(facts.recovery)),
      []
    )
  })

  it("names a remedy of its own for every failure of an account", () => {
    assert.strictEqual(table.AuthenticationError.recovery, "RotateKey")
    assert.strictEqual(table.QuotaExceededError.recovery, "TopUp")
    assert.strictEqual(table.DailyLimitError.recovery, "WaitForQuota")
    assert.strictEqual(table.ContextLengthError.recovery, "ShortenContext")
    assert.strictEqual(table.ModelNotFoundError.recovery, "SwitchModel")
    assert.strictEqual(table.ModelRetiredError.recovery, "SwitchModel")
  })

  it("calls critical only what stops every further call", () => {
    assert.sameMembers(
      tagsWhere((facts) => facts.severity === "critical"),
      [
        "TlsError",
        "AuthenticationError",
        "PermissionDeniedError",
        "IpNotAllowedError",
        "QuotaExceededError",
        "ConfigurationError"
      ]
    )
  })

  it("ends every hint as a sentence, and no two rows share one", () => {
    for (const [tag, facts] of rows) assert.match(facts.hint, /^[A-Z].{15,}\.$/, tag)
    assert.strictEqual(new Set(rows.map(([, facts]) => facts.hint)).size, rows.length)
  })
})
