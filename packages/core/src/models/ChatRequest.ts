/**
 * What a caller asks of a model, member for member as Kimi's chat API names it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Message } from "./Message.ts"
import { JsonObject, ToolChoice, ToolDefinition } from "./Tool.ts"

const between = (minimum: number, maximum: number) => Schema.isBetween({ minimum, maximum })

/**
 * The form of the answer. `json_object` needs the word JSON and the fields in
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
      /** Whether the answer must match exactly. The host's default is `true`. */
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
 * How hard a K3 model thinks; the host's default is `max`. Other words are
 * sent as they are.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReasoningEffort = Schema.String

const fields = {
  /** The conversation, oldest first. */
  messages: Schema.Array(Message),
  /** Most tokens to generate, reasoning and answer together. The host counts it against TPM at the door. */
  max_completion_tokens: Schema.optional(Schema.Int.check(Schema.isGreaterThan(0))),
  /** Deprecated twin of `max_completion_tokens`; it is sent under the new name. */
  max_tokens: Schema.optional(Schema.Int.check(Schema.isGreaterThan(0))),
  /** 0 to 1 at Moonshot, where most models fix it; other hosts take up to 2. */
  temperature: Schema.optional(Schema.Finite.check(between(0, 2))),
  /** 0 to 1; fixed on most models. */
  top_p: Schema.optional(Schema.Finite.check(between(0, 1))),
  /** Answers per request, 1 to 5; fixed to 1 on most models. */
  n: Schema.optional(Schema.Int.check(between(1, 5))),
  /** -2 to 2; fixed to 0 on most models. */
  presence_penalty: Schema.optional(Schema.Finite.check(between(-2, 2))),
  /** -2 to 2; fixed to 0 on most models. */
  frequency_penalty: Schema.optional(Schema.Finite.check(between(-2, 2))),
  /** At most 5 texts of at most 32 bytes, before which the answer stops. */
  stop: Schema.optional(Schema.Union([Schema.String, Schema.Array(Schema.String)])),
  /** The form of the answer. */
  response_format: Schema.optional(ResponseFormat),
  /** At most 128 tools. */
  tools: Schema.optional(Schema.Array(ToolDefinition)),
  /** Whether and which tool must be called. */
  tool_choice: Schema.optional(ToolChoice),
  /** Thinking switch of the K2 models. */
  thinking: Schema.optional(Thinking),
  /** Thinking effort of the K3 models: `low`, `high` or `max`. */
  reasoning_effort: Schema.optional(ReasoningEffort),
  /** A stable session or task id; raises the rate of prefix-cache hits. */
  prompt_cache_key: Schema.optional(Schema.String),
  /** A stable, hashed id of the end user. */
  safety_identifier: Schema.optional(Schema.String),
  /** Refused by kimi-k3 (source: recorded probes). */
  logprobs: Schema.optional(Schema.Boolean),
  /** 0 to 20; refused by kimi-k3 (source: recorded probes). */
  top_logprobs: Schema.optional(Schema.Int.check(between(0, 20))),
  /** Text that the answer is expected to repeat. */
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
  /** Members of a particular host that are not listed here, added to the body as they are. */
  extra_body: Schema.optional(JsonObject)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ChatRequest = typeof ChatRequest.Type

/**
 * The body that goes over the wire to `/chat/completions`.
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
 * A request whose model is settled.
 *
 * @category models
 * @since 0.1.0
 */
export type ModelRequest = ChatRequest & { readonly model: string }
