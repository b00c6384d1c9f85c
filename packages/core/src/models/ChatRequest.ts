/**
 * A chat request, with the member names of Kimi's chat API.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Message } from "./Message.ts"
import { JsonObject, ToolChoice, ToolDefinition } from "./Tool.ts"

const between = (minimum: number, maximum: number) => Schema.isBetween({ minimum, maximum })

/**
 * The format of the response. `json_object` needs the word JSON and the fields in
 * the prompt, and must not be combined with Partial Mode.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ResponseFormat = Schema.Union([
  Schema.Struct({ type: Schema.tag("text") }),
  Schema.Struct({ type: Schema.tag("json_object") }),
  Schema.Struct({
    type: Schema.tag("json_schema"),
    json_schema: Schema.Struct({
      name: Schema.String,
      schema: JsonObject,
      description: Schema.optional(Schema.String),
      /** Whether the response must match exactly. The host's default is `true`. */
      strict: Schema.optional(Schema.Boolean)
    })
  })
])

/**
 * Thinking of the K2 models. `keep: "all"` keeps the reasoning of earlier
 * turns in context (kimi-k2.6).
 *
 * @category schemas
 * @since 0.1.0
 */
export const Thinking = Schema.Struct({
  type: Schema.Literals(["enabled", "disabled"]),
  keep: Schema.optional(Schema.NullOr(Schema.Literal("all")))
})

/**
 * The thinking effort of a K3 model; the host's default is `max`. Other values
 * are sent unchanged.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReasoningEffort = Schema.String

/**
 * How long the host keeps the prompt in its prefix cache: five minutes, which is
 * its default, or an hour at a higher price of writing (source: Moonshot's forum;
 * the form of the member is inferred).
 *
 * @category schemas
 * @since 0.1.0
 */
export const PromptCacheOptions = Schema.Struct({ ttl: Schema.Literals(["5m", "1h"]) })

const fields = {
  /** The conversation, oldest first. */
  messages: Schema.Array(Message),
  /** The most tokens to generate, for reasoning and response together. The host counts it against TPM at admission. */
  max_completion_tokens: Schema.optional(Schema.Int.check(Schema.isGreaterThan(0))),
  /** Deprecated alias of `max_completion_tokens`; sent under the new name. */
  max_tokens: Schema.optional(Schema.Int.check(Schema.isGreaterThan(0))),
  /** 0 to 1 at Moonshot, where most models fix it; other hosts accept up to 2. */
  temperature: Schema.optional(Schema.Finite.check(between(0, 2))),
  /** 0 to 1; fixed on most models. */
  top_p: Schema.optional(Schema.Finite.check(between(0, 1))),
  /** Choices per request, 1 to 5; fixed to 1 on most models. */
  n: Schema.optional(Schema.Int.check(between(1, 5))),
  /** -2 to 2; fixed to 0 on most models. */
  presence_penalty: Schema.optional(Schema.Finite.check(between(-2, 2))),
  /** -2 to 2; fixed to 0 on most models. */
  frequency_penalty: Schema.optional(Schema.Finite.check(between(-2, 2))),
  /** Stop sequences, at most 5 of at most 32 bytes. */
  stop: Schema.optional(Schema.Union([Schema.String, Schema.Array(Schema.String)])),
  /** The format of the response. */
  response_format: Schema.optional(ResponseFormat),
  /** At most 128 tools. */
  tools: Schema.optional(Schema.Array(ToolDefinition)),
  /** Whether a tool must be called, and which one. */
  tool_choice: Schema.optional(ToolChoice),
  /** The thinking switch of the K2 models. */
  thinking: Schema.optional(Thinking),
  /** The thinking effort of the K3 models: `low`, `high` or `max`. */
  reasoning_effort: Schema.optional(ReasoningEffort),
  /** A stable session or task id, which increases prefix-cache hits. */
  prompt_cache_key: Schema.optional(Schema.String),
  /** The lifetime of the prompt in the host's prefix cache. */
  prompt_cache_options: Schema.optional(PromptCacheOptions),
  /** A stable, hashed id of the end user. */
  safety_identifier: Schema.optional(Schema.String),
  /** Refused by kimi-k3 (source: recorded probes). */
  logprobs: Schema.optional(Schema.Boolean),
  /** 0 to 20; refused by kimi-k3 (source: recorded probes). */
  top_logprobs: Schema.optional(Schema.Int.check(between(0, 20))),
  /** Text that the response is expected to repeat. */
  prediction: Schema.optional(JsonObject)
} as const

/**
 * A chat request as callers write it. Only `messages` is required: `model`
 * defaults to the configured one.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ChatRequest = Schema.Struct({
  model: Schema.optional(Schema.String),
  ...fields,
  /** Further members of a particular host, added to the body unchanged. */
  extra_body: Schema.optional(JsonObject)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ChatRequest = typeof ChatRequest.Type

/**
 * The body of a request to `/chat/completions`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ChatCompletionRequest = Schema.Struct({
  model: Schema.String,
  ...fields,
  stream: Schema.optional(Schema.Boolean),
  stream_options: Schema.optional(Schema.Struct({ include_usage: Schema.optional(Schema.Boolean) }))
})

/**
 * @category models
 * @since 0.1.0
 */
export type ChatCompletionRequest = typeof ChatCompletionRequest.Type

/**
 * A request with a resolved model.
 *
 * @category models
 * @since 0.1.0
 */
export type ModelRequest = ChatRequest & { readonly model: string }
