import { assert, describe, it } from "@effect/vitest"
import { classes, codec, type KimiError } from "@kimi-effect/core/KimiError"
import { OverloadedError, RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import { ConnectionLostError } from "@kimi-effect/core/NetworkErrors"
import { StreamInterruptedError } from "@kimi-effect/core/StreamErrors"
import { Duration, Effect, Schema } from "effect"
import { AiError } from "effect/ai"
import { inspect } from "node:util"
import * as AiErrors from "../../src/agent/AiErrors.ts"

const toAiError = AiErrors.toAiError("generateText")

/** An error, or what is left of it, as text. */
const textOf = (error: KimiError): string => {
  const { partial: _, ...rest } = encode(error) as unknown as { readonly partial?: unknown }
  return JSON.stringify(rest)
}
const encode = Schema.encodeSync(codec)

const aiErrorCodec = Schema.toCodecJson(AiError.AiError)

describe("every error", () => {
  for (const [tag, Class] of Object.entries(classes)) {
    const options = { arbitrary: { seed: tag, runs: 10 } }

    it.effect.prop(
      `${tag} is the same after both conversions`,
      [Class],
      ([error]) => Effect.sync(() => assert.strictEqual(AiErrors.fromAiError(toAiError(error)), error)),
      options
    )

    it.effect.prop(
      `${tag} is equal after a round trip through JSON, except for its partial response`,
      [Class],
      ([error]) =>
        Effect.sync(() => {
          const json = JSON.stringify(Schema.encodeSync(aiErrorCodec)(toAiError(error)))
          const back = AiErrors.fromAiError(Schema.decodeUnknownSync(aiErrorCodec)(JSON.parse(json)))
          assert.strictEqual(back === undefined ? "" : textOf(back), textOf(error))
        }),
      options
    )

    it.effect.prop(
      `${tag} is retryable as an AiError when it is retryable`,
      [Class],
      ([error]) => Effect.sync(() => assert.strictEqual(toAiError(error).isRetryable, error.isRetryable)),
      options
    )
  }
})

describe("the reason of an AiError", () => {
  const message = "m"
  const cases: ReadonlyArray<readonly [KimiError, AiError.AiErrorReason["_tag"]]> = [
    [new classes.DnsError({ message, code: "ENOTFOUND" }), "NetworkError"],
    [new classes.TlsError({ message, code: "CERT" }), "UnknownError"],
    [new classes.AuthenticationError({ message }), "AuthenticationError"],
    [new classes.QuotaExceededError({ message }), "QuotaExhaustedError"],
    [new classes.ContextLengthError({ message }), "InvalidRequestError"],
    [new classes.ContentFilterError({ message }), "ContentPolicyError"],
    [new classes.ToolSchemaError({ message }), "UnsupportedSchemaError"],
    [new classes.ServerError({ message }), "InternalProviderError"],
    [new classes.MalformedOutputError({ message, reason: "markup" }), "InvalidResponseError"],
    [new classes.StreamTruncatedError({ message }), "InternalProviderError"]
  ]
  for (const [error, reason] of cases) {
    it(`is ${reason} for ${error._tag}`, () => {
      assert.strictEqual(toAiError(error).reason._tag, reason)
    })
  }
})

describe("an AiError", () => {
  it("has the wait that the host named", () => {
    const error = new RateLimitError({
      message: "Slow down",
      kind: "requests per minute",
      retryAfter: Duration.seconds(3)
    })
    assert.deepStrictEqual(toAiError(error).retryAfter, Duration.seconds(3))
  })

  it("has the tag in its metadata", () => {
    const { reason } = toAiError(new OverloadedError({ message: "Busy" }))
    assert.strictEqual(reason._tag, "RateLimitError")
    assert.nestedPropertyVal(reason, "metadata.kimi.tag", "OverloadedError")
  })

  it("has the tag in its cause when the reason has no metadata", () => {
    const { reason } = toAiError(new ConnectionLostError({ message: "Lost" }))
    assert.nestedPropertyVal(reason, "cause.kimi.tag", "ConnectionLostError")
  })

  it("does not print the text of the model", () => {
    const partial = { content: "a secret", reasoning_content: "", tool_calls: [] }
    const error = AiErrors.toAiError("streamText")(new StreamInterruptedError({ message: "Lost", partial }))
    assert.notInclude(inspect(error, { depth: 9 }) + JSON.stringify(error), "a secret")
    assert.deepStrictEqual(AiErrors.fromAiError(error)?.partial, partial)
  })
})

describe("fromAiError", () => {
  it("returns nothing for an error of another provider", () => {
    const reason = new AiError.RateLimitError({ metadata: { other: { tag: "RateLimitError" } } })
    assert.isUndefined(AiErrors.fromAiError(AiError.make({ module: "Other", method: "generateText", reason })))
  })

  it("returns nothing for metadata that is no error", () => {
    const reason = new AiError.RateLimitError({ metadata: { kimi: { error: { _tag: "Nonsense" } } } })
    assert.isUndefined(AiErrors.fromAiError(AiError.make({ module: "Other", method: "generateText", reason })))
  })
})
