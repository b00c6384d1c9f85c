import { assert, describe, it } from "@effect/vitest"
import { type Facts, table, type Tag } from "../../src/errors/ErrorFacts.ts"
import type { ChatError, HostApiError, StreamError } from "../../src/errors/OperationErrors.ts"
import type { UnsupportedOperationError } from "../../src/errors/ValidationErrors.ts"

const rows = Object.entries(table) as ReadonlyArray<readonly [Tag, Facts]>

const tagsWhere = (test: (facts: Facts) => boolean): Array<string> =>
  rows.filter(([, facts]) => test(facts)).map(([tag]) => tag)

const factsOf = (tags: ReadonlyArray<Tag>): ReadonlyArray<Facts> => tags.map((tag) => table[tag])

describe("ErrorFacts", () => {
  describe("retry", () => {
    for (const category of ["quota", "authentication", "validation", "configuration", "resource"]) {
      it(`is off for the category ${category}`, () => {
        const family = factsOf(rows.flatMap(([tag, facts]) => (facts.category === category ? [tag] : [])))
        assert.isNotEmpty(family)
        assert.isTrue(family.every(({ isRetryable }) => !isRetryable))
      })
    }

    it("is on for transient failures only", () => {
      assert.sameMembers(
        tagsWhere((facts) => facts.isRetryable),
        [
          "DnsError",
          "ConnectionRefusedError",
          "ConnectionLostError",
          "ConnectTimeoutError",
          "ConnectionPoolTimeoutError",
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
  })

  describe("breaker", () => {
    it("ignores limits of the caller's account", () => {
      const facts = factsOf(["RateLimitError", "DailyLimitError", "QuotaExceededError", "RequestCancelledError"])
      assert.isTrue(facts.every(({ breaker }) => breaker === "ignored"))
    })

    it("counts only failures of the host or the network against the host", () => {
      const tags = [
        ...tagsWhere((facts) => facts.category === "timeout" || facts.category === "stream").filter(
          // The deadline is the caller's, and so are the calls that use up the pool.
          (tag) => tag !== "DeadlineExceededError" && tag !== "ConnectionPoolTimeoutError"
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

    it("counts no permanent failure against the host except TLS", () => {
      assert.deepStrictEqual(
        tagsWhere((facts) => !facts.isRetryable && facts.breaker === "failure"),
        ["TlsError"]
      )
    })
  })

  describe("billing", () => {
    it("is none where the host refused before generating", () => {
      const refused = new Set(["authentication", "rate limit", "quota", "configuration"])
      assert.deepStrictEqual(
        tagsWhere(({ billing, category }) => refused.has(category) && billing !== "none"),
        []
      )
    })

    it("is none where nothing was sent", () => {
      const facts = factsOf([
        "DnsError",
        "ConnectionRefusedError",
        "TlsError",
        "ConnectTimeoutError",
        "ConnectionPoolTimeoutError"
      ])
      assert.isTrue(facts.every(({ billing }) => billing === "none"))
    })

    it("is possible for every stream error", () => {
      assert.deepStrictEqual(
        tagsWhere(({ billing, category }) => category === "stream" && billing !== "possible"),
        []
      )
    })

    it("is possible where the request was sent", () => {
      const facts = factsOf(["ConnectionLostError", "TotalTimeoutError", "GatewayTimeoutError", "IdleTimeoutError"])
      assert.isTrue(facts.every(({ billing }) => billing === "possible"))
    })
  })

  describe("recovery", () => {
    it("is a retry only for retryable errors", () => {
      assert.deepStrictEqual(
        tagsWhere((facts) => facts.recovery === "RetryAfter" && !facts.isRetryable),
        []
      )
    })

    it("is a retry or a failover for every retryable error", () => {
      assert.deepStrictEqual(
        tagsWhere((facts) => facts.isRetryable && !["RetryAfter", "FailOver"].includes(facts.recovery)),
        []
      )
    })

    it("is specific to each failure of an account or a model", () => {
      assert.strictEqual(table.AuthenticationError.recovery, "RotateKey")
      assert.strictEqual(table.QuotaExceededError.recovery, "TopUp")
      assert.strictEqual(table.DailyLimitError.recovery, "WaitForQuota")
      assert.strictEqual(table.ContextLengthError.recovery, "ShortenContext")
      assert.strictEqual(table.ModelNotFoundError.recovery, "SwitchModel")
      assert.strictEqual(table.ModelRetiredError.recovery, "SwitchModel")
    })
  })

  describe("severity", () => {
    it("is critical only for errors that fail every further call", () => {
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
  })

  describe("scope", () => {
    it("is the caller for refusals that depend on the caller's budget", () => {
      assert.sameMembers(
        tagsWhere((facts) => facts.scope === "caller"),
        ["BudgetExceededError", "UnknownPriceError"]
      )
    })
  })

  describe("operations", () => {
    /** The compiler keeps these complete. */
    const streamOnly: { readonly [T in Exclude<StreamError, ChatError>["_tag"]]: true } = {
      FirstTokenTimeoutError: true,
      IdleTimeoutError: true,
      StreamTruncatedError: true,
      StreamInterruptedError: true,
      StreamDecodeError: true,
      StreamFailedError: true,
      EventTooLargeError: true
    }
    const hostApi: { readonly [T in Exclude<HostApiError, UnsupportedOperationError>["_tag"]]: true } = {
      ClientClosedError: true,
      CassetteMissError: true,
      DnsError: true,
      ConnectionRefusedError: true,
      ConnectionLostError: true,
      TlsError: true,
      RedirectError: true,
      GatewayRefusedError: true,
      ConnectTimeoutError: true,
      ConnectionPoolTimeoutError: true,
      TotalTimeoutError: true,
      AuthenticationError: true,
      PermissionDeniedError: true,
      IpNotAllowedError: true,
      RateLimitError: true,
      DailyLimitError: true,
      OverloadedError: true,
      QuotaExceededError: true,
      InvalidRequestError: true,
      ServerError: true,
      ServiceUnavailableError: true,
      GatewayTimeoutError: true,
      InvalidResponseError: true,
      RequestCancelledError: true,
      ResponseTooLargeError: true
    }
    const modelOnly: { readonly [T in Exclude<ChatError, HostApiError>["_tag"]]: true } = {
      UnsupportedParameterError: true,
      ContextLengthError: true,
      ModelNotFoundError: true,
      ModelRetiredError: true,
      ContentFilterError: true,
      RequestTooLargeError: true,
      UnsupportedMediaError: true,
      ToolSchemaError: true,
      ToolHistoryError: true,
      MissingReasoningError: true,
      EmptyMessageError: true,
      AdmissionTimeoutError: true,
      AdmissionQueueFullError: true,
      AdmissionLimitError: true,
      BudgetExceededError: true,
      UnknownPriceError: true,
      BudgetStoreError: true,
      CacheMissError: true,
      CircuitOpenError: true,
      DeadlineExceededError: true,
      EmptyResponseError: true,
      MalformedOutputError: true,
      ReasoningBudgetExhaustedError: true,
      ToolArgumentsTooLargeError: true
    }

    for (const [operations, tags] of Object.entries({ stream: streamOnly, all: hostApi, model: modelOnly })) {
      it(`agrees with the types of the errors for ${operations}`, () => {
        assert.sameMembers(
          tagsWhere((facts) => facts.operations === operations),
          Object.keys(tags)
        )
      })
    }
  })

  describe("logLevel", () => {
    it("is Warn for every validation error", () => {
      assert.deepStrictEqual(
        tagsWhere(({ category, logLevel }) => category === "validation" && logLevel !== "Warn"),
        []
      )
    })

    it("follows the severity of other errors", () => {
      for (const [tag, { category, logLevel, severity }] of rows) {
        if (category === "validation") continue
        assert.strictEqual(logLevel, severity === "error" || severity === "critical" ? "Error" : "Warn", tag)
      }
    })
  })

  describe("isTransient", () => {
    it("is true for every retryable error", () => {
      assert.deepStrictEqual(
        tagsWhere(({ isRetryable, isTransient }) => isRetryable && !isTransient),
        []
      )
    })

    it("is false where an operator has to act", () => {
      const facts = factsOf(["AuthenticationError", "QuotaExceededError", "ModelRetiredError", "ConfigurationError"])
      assert.isTrue(facts.every(({ isTransient }) => !isTransient))
    })

    it("is true for what recovers by itself", () => {
      const facts = factsOf(["DailyLimitError", "CircuitOpenError", "DeadlineExceededError", "CacheStoreError"])
      assert.isTrue(facts.every(({ isTransient }) => isTransient))
    })
  })

  describe("hint", () => {
    it("is one or more sentences", () => {
      for (const [tag, facts] of rows) assert.match(facts.hint, /^[A-Z].{15,}\.$/, tag)
    })

    it("is unique", () => {
      assert.strictEqual(new Set(rows.map(([, facts]) => facts.hint)).size, rows.length)
    })
  })
})
