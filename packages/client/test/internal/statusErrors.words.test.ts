import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Schema from "effect/Schema"
import { fromErrorObject, fromStatus } from "../../src/internal/mapError.ts"
import { runs, seedOf } from "../../../../test/support/depth.ts"
import { answer, call, errorBody, fields } from "./support/errors.ts"

const read = (status: number, body: string, headers: Headers.Input = {}) =>
  fields(fromStatus(answer(status, { body, headers }), call))

const tagOf = (status: number, body: string, headers: Headers.Input = {}): unknown =>
  read(status, body, headers)["_tag"]

const inStream = (error: Parameters<typeof fromErrorObject>[0]) => fields(fromErrorObject(error, Headers.empty, call))

const json = (error: object | string): string => JSON.stringify({ error })

const quotaTexts = [
  "You exceeded your current quota, please check your plan and billing details",
  "Your credit balance is too low to access the API",
  "This request requires more credits, or fewer max_tokens",
  "Budget has been exceeded! Current cost: 1.2, Max budget: 1.0",
  "Key limit exceeded (total limit). Manage it in the settings",
  "Insufficient account balance",
  "账户余额不足，请充值后再试",
  "您的账户已欠费",
  "用户额度不足, 剩余额度: 0"
]

const periodTexts = [
  "you have reached your weekly usage limit, please upgrade or wait",
  "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
  "Rate limit exceeded: free-models-per-day-high-balance. ",
  "You have reached your 5-hour usage limit",
  "Daily request limit exceeded",
  "Your monthly usage quota is used up",
  "requests per day (RPD): Limit 200, Used 200",
  "Limit of 200 requests per 24 hours reached",
  "You have used all requests of the last 7 days",
  "5h usage limit reached",
  "No requests left, try again tomorrow",
  "Your allowance resets at midnight UTC",
  "今日调用次数已达上限，每日限额 100 次"
]

const overflows: ReadonlyArray<readonly [text: string, figures: Record<string, number>]> = [
  ["input tokens exceed the limit", {}],
  [
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 262144. Given: 300000 `inputs` tokens and 1024 `max_new_tokens`",
    { limit: 262_144, requested: 301_024 }
  ],
  ["the request exceeds the available context size. try increasing the context size or enable context shift", {}],
  [
    "request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it",
    { limit: 8_192, requested: 9_000 }
  ],
  ["prompt is too long: 210000 tokens > 200000 maximum", { limit: 200_000, requested: 210_000 }],
  [
    "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (8000 in the messages, 1000 in the completion).",
    { limit: 8_192, requested: 9_000 }
  ],
  [
    "You passed 9001 input tokens and requested 100 output tokens. However, the model's context length is only 8192 tokens",
    { limit: 8_192, requested: 9_101 }
  ],
  [
    "The input (9,000 tokens) is longer than the model's context length (8,192 tokens).",
    { limit: 8_192, requested: 9_000 }
  ],
  [
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    { limit: 1_048_576, requested: 1_200_000 }
  ],
  [
    "The decoder prompt (length 9000) is longer than the maximum model length of 8192",
    { limit: 8_192, requested: 9_000 }
  ],
  ["prompt too long; exceeded max context length by 10 tokens", {}],
  ["decode failed at position 16384: the context window is full, please reduce the input size", {}],
  ["Please reduce the length of the messages or completion.", {}],
  ["litellm.ContextWindowExceededError: the prompt does not fit", {}],
  ["The sum of prompt length and max_tokens should be less than 262144", { limit: 262_144 }],
  ["prompt tokens + max_new_tokens must be <= 131072", { limit: 131_072 }],
  [
    "Input length (300000 tokens) exceeds the maximum allowed length (262139 tokens). Use a shorter input.",
    { limit: 262_139, requested: 300_000 }
  ],
  ["输入长度超过模型最大上下文长度", {}]
]

describe("an exhausted account", () => {
  it("is recognized by type or code under every status", () => {
    for (const status of [400, 401, 402, 403, 404, 409, 422, 429, 500, 503]) {
      for (const error of [
        { message: "no", type: "exceeded_current_quota_error" },
        { message: "no", type: "invalid_request_error", code: "insufficient_quota" },
        { message: "no", code: "EXCEEDED_CURRENT_QUOTA_ERROR" },
        { message: "no", type: "insufficient_balance" }
      ]) {
        assert.strictEqual(tagOf(status, json(error)), "QuotaExceededError", `${status} ${JSON.stringify(error)}`)
      }
    }
  })

  it("is recognized inside a stream", () => {
    assert.strictEqual(inStream({ message: "no", type: "exceeded_current_quota_error" })["_tag"], "QuotaExceededError")
    assert.strictEqual(inStream({ message: "no", code: "insufficient_quota" })["_tag"], "QuotaExceededError")
    for (const message of quotaTexts) assert.strictEqual(inStream({ message })["_tag"], "QuotaExceededError", message)
  })

  it("is recognized in the words of other hosts", () => {
    for (const status of [400, 403, 429, 500]) {
      for (const text of quotaTexts) {
        assert.strictEqual(tagOf(status, errorBody(text)), "QuotaExceededError", `${status} ${text}`)
        assert.strictEqual(tagOf(status, json(text)), "QuotaExceededError", `${status} ${text}`)
      }
    }
  })

  it("is not seen in a prompt that the host quotes", () => {
    const prompt = "why does it say insufficient balance when I pay?"
    const context = { ...call, messages: [{ role: "user" as const, content: prompt }] }
    const body = errorBody(`Invalid request: bad message: ${prompt}`)
    assert.strictEqual(fromStatus(answer(400, { body }), context)._tag, "InvalidRequestError")
  })
})

describe("a limit of a day or a longer period", () => {
  it("is not retried under any wording of any status", () => {
    for (const status of [400, 403, 429, 503]) {
      for (const text of periodTexts) {
        const error = fromStatus(answer(status, { body: errorBody(text) }), call)
        assert.strictEqual(error._tag, "DailyLimitError", `${status} ${text}`)
        assert.isFalse(error.isRetryable)
      }
    }
    for (const message of periodTexts) assert.strictEqual(inStream({ message })["_tag"], "DailyLimitError", message)
  })

  it("reports figures only of tokens", () => {
    const requests = read(429, errorBody("requests per day (RPD): Limit 200, Used 200"))
    assert.notProperty(requests, "limit")
    const tokens = read(429, errorBody("tokens per day (TPD): Limit 5000, Used 4990, Requested 20"))
    assert.deepInclude(tokens, { _tag: "DailyLimitError", limit: 5_000, current: 4_990 })
  })

  it("is no limit per minute that a host calls a quota", () => {
    for (const text of [
      "Quota exceeded for quota metric 'Generate requests per minute'",
      "Rate limit exceeded: free-models-per-min. ",
      "Rate limit reached on tokens per min (TPM): Limit 10000, Used 9500, Requested 1000"
    ]) {
      assert.strictEqual(tagOf(429, errorBody(text)), "RateLimitError", text)
    }
  })

  it("ends when the body of a gateway reports it", () => {
    const reset = Date.UTC(2026, 10, 22, 18)
    const error = read(
      429,
      json({
        message: "Rate limit exceeded: free-models-per-day",
        code: 429,
        metadata: { headers: { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": String(reset) } }
      })
    )
    assert.isTrue(Duration.equals(error["retryAfter"] as Duration.Duration, Duration.hours(6)))
  })
})

describe("a rate limit", () => {
  it("is recognized by its type under other statuses", () => {
    const body = errorBody("request reached organization max RPM: 3", "rate_limit_reached_error")
    for (const status of [400, 403, 500, 503])
      assert.deepInclude(read(status, body), { _tag: "RateLimitError", kind: "requests per minute", limit: 3 })
  })

  it("reads OpenAI's figures", () => {
    const text = "Rate limit reached on tokens per min (TPM): Limit 10000, Used 9500, Requested 1000."
    assert.deepInclude(read(429, errorBody(text)), { kind: "tokens per minute", limit: 10_000, current: 9_500 })
  })
})

describe("a context overflow", () => {
  it("is not a rate limit on input tokens", () => {
    assert.strictEqual(tagOf(429, errorBody("Input tokens exceed your per-minute rate limit")), "RateLimitError")
  })

  it("is recognized in the words of each host, with its figures", () => {
    for (const status of [400, 413, 422, 500, 503]) {
      for (const [text, figures] of overflows) {
        const error = read(status, errorBody(text))
        assert.strictEqual(error["_tag"], "ContextLengthError", `${status} ${text}`)
        const { limit, requested } = error
        assert.deepStrictEqual({ limit, requested }, { limit: undefined, requested: undefined, ...figures }, text)
      }
    }
  })

  it("is recognized inside a stream, where the host reports it as a server error", () => {
    for (const [message] of overflows) {
      assert.strictEqual(inStream({ message, type: "server_error" })["_tag"], "ContextLengthError", message)
      assert.strictEqual(inStream({ message })["_tag"], "ContextLengthError", message)
    }
  })

  it("is recognized by type or code, with the figures next to it", () => {
    for (const status of [400, 413, 500]) {
      assert.strictEqual(tagOf(status, json({ message: "no", code: "context_length_exceeded" })), "ContextLengthError")
      const body = json({ message: "no", type: "exceed_context_size_error", n_prompt_tokens: 9_000, n_ctx: 8_192 })
      assert.deepInclude(read(status, body), { _tag: "ContextLengthError", limit: 8_192, requested: 9_000 })
    }
  })

  it("is read from the text of the host that a gateway quotes", () => {
    const raw =
      '{"error":{"message":"This model\'s maximum context length is 8192 tokens. However, you requested 9000"}}'
    const error = read(400, json({ message: "Provider returned error", code: 400, metadata: { raw } }))
    assert.deepInclude(error, { _tag: "ContextLengthError", limit: 8_192, requested: 9_000 })
  })

  it("is no expired deadline of the host", () => {
    for (const text of [
      "context deadline exceeded",
      "upstream exceeded context deadline",
      "the request took too long"
    ]) {
      assert.strictEqual(tagOf(500, errorBody(text)), "ServerError", text)
    }
  })
})

describe("a missing model", () => {
  it("is recognized in the words of gateways", () => {
    const rows: ReadonlyArray<readonly [number, string]> = [
      [400, "moonshotai/kimi-x is not a valid model ID"],
      [404, "No endpoints found for moonshotai/kimi-x."],
      [404, "No allowed providers are available for the selected model: no providers available"],
      [404, 'model "kimi-x" not found, try pulling it first'],
      [400, "Unable to access model moonshotai/Kimi-X. Please visit the model list"],
      [400, "Invalid model name passed in model=kimi-x. Call `/v1/models` to view available models"],
      [404, "The model `kimi-x` does not exist."],
      [400, "Invalid request: invalid model: kimi-x"],
      [404, "Model not found, inaccessible, and/or not deployed"],
      [503, "当前分组 default 下对于模型 kimi-x 无可用渠道"],
      [400, "模型 kimi-x 不存在"],
      [403, "Not found the model kimi-x or Permission denied"]
    ]
    for (const [status, text] of rows) assert.strictEqual(tagOf(status, errorBody(text)), "ModelNotFoundError", text)
  })

  it("is recognized by its code", () => {
    for (const status of [400, 404, 503]) {
      assert.strictEqual(tagOf(status, json({ message: "no", code: "model_not_found" })), "ModelNotFoundError")
    }
  })

  it("does not hide a rule for the same text", () => {
    const text = "model kimi-k3: tool_call_id get_weather_0 is not found"
    assert.strictEqual(tagOf(400, errorBody(text)), "ToolHistoryError")
  })
})

describe("a page of a gateway", () => {
  const page = "<html><head><title>Attention Required!</title></head><body>blocked</body></html>"
  const html = { "content-type": "Text/HTML; charset=utf-8" }

  it("does not blame the key", () => {
    for (const status of [401, 403, 407]) {
      const error = fromStatus(answer(status, { body: page, headers: html }), call)
      assert.strictEqual(error._tag, "GatewayRefusedError")
      assert.match(error.message, /gateway|proxy/)
      assert.match(error.hint, /firewall, gateway or proxy/)
      assert.notMatch(error.hint, /\bkey\b/)
      assert.isFalse(error.isRetryable)
    }
  })

  it("is recognized without its content type", () => {
    assert.strictEqual(tagOf(403, page), "GatewayRefusedError")
  })

  it("is recognized as the plain text of a firewall", () => {
    assert.strictEqual(tagOf(403, "error code: 1020", { "content-type": "text/plain" }), "GatewayRefusedError")
    assert.strictEqual(tagOf(403, "Host not in allowlist"), "GatewayRefusedError")
  })

  it("is a proxy that demands authentication under 407 or 511 with any body", () => {
    for (const status of [407, 511]) {
      for (const body of ["", page, errorBody("authenticate")]) {
        assert.deepInclude(read(status, body), { _tag: "GatewayRefusedError", status })
        assert.match(String(read(status, body)["message"]), /proxy .* demands authentication/)
      }
    }
  })

  it("is no refusal of the API", () => {
    assert.strictEqual(tagOf(403, errorBody("The API you are accessing is not open")), "PermissionDeniedError")
    assert.strictEqual(tagOf(401, errorBody("Invalid Authentication")), "AuthenticationError")
    assert.strictEqual(tagOf(403, ""), "PermissionDeniedError")
  })

  it("or an unknown route mentions the base URL under 404", () => {
    for (const body of [page, "404 page not found", "", errorBody("url not found"), '{"detail":"Not Found"}']) {
      const error = read(404, body)
      assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "baseUrl" })
      assert.match(String(error["message"]), /base URL/)
    }
  })
})

describe("any error body", () => {
  const anyStatus = Schema.Int.check(Schema.isBetween({ minimum: 400, maximum: 599 }))

  it.prop(
    "is mapped without an exception",
    [anyStatus, Schema.String],
    ([status, message]) => {
      assert.isString(fromStatus(answer(status, { body: message }), call).message)
    },
    { arbitrary: { seed: seedOf("words"), runs: runs({ sample: 500, deep: 10_000 }) } }
  )

  it.prop(
    "of an exhausted account is never retried",
    [anyStatus, Schema.String, Schema.Literals(["exceeded_current_quota_error", "insufficient_quota"]), Schema.Boolean],
    ([status, message, word, isCode]) => {
      const error = isCode ? { message, code: word } : { message, type: word }
      assert.isFalse(fromStatus(answer(status, { body: json(error) }), call).isRetryable)
    },
    { arbitrary: { seed: seedOf("words"), runs: runs({ sample: 500, deep: 10_000 }) } }
  )
})
