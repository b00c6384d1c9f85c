/**
 * The tools of a request, the tool choice, and the tool calls of a model.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A JSON object, such as a JSON Schema document.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JsonObject = Schema.Record(Schema.String, Schema.Json)

/**
 * A function that the model may call. Moonshot's tool names start with a
 * letter or `_`, then letters, digits, `-` or `_`; 3 to 64 characters pass
 * every documented rule (source: OpenAPI file and tool-use guide).
 *
 * @category schemas
 * @since 0.1.0
 */
export const FunctionDefinition = Schema.Struct({
  /** Not empty. Moonshot's pattern is checked for its hosts alone. */
  name: Schema.NonEmptyString,
  /** A description of the function for the model. */
  description: Schema.optional(Schema.String),
  /** Moonshot-flavored JSON Schema; the root must be an object. */
  parameters: Schema.optional(JsonObject),
  /** Whether the arguments must match the schema exactly. The host's default is `true`. */
  strict: Schema.optional(Schema.Boolean)
})

/**
 * A tool of type `function`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FunctionTool = Schema.Struct({ type: Schema.tag("function"), function: FunctionDefinition })

/**
 * A tool that the host runs, such as `$web_search`. Must not be combined with
 * thinking (source: tool guide).
 *
 * @category schemas
 * @since 0.1.0
 */
export const BuiltinTool = Schema.Struct({
  type: Schema.tag("builtin_function"),
  function: Schema.Struct({ name: Schema.String.check(Schema.isStartingWith("$")) })
})

/**
 * A tool of a request.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolDefinition = Schema.Union([FunctionTool, BuiltinTool])

/**
 * @category models
 * @since 0.1.0
 */
export type ToolDefinition = typeof ToolDefinition.Type

/**
 * Whether the model must call a tool, and which one. The model catalogue has the
 * choices that a model allows while thinking.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolChoice = Schema.Union([
  Schema.Literals(["auto", "none", "required"]),
  Schema.Struct({ type: Schema.tag("function"), function: Schema.Struct({ name: Schema.String }) })
])

/**
 * @category models
 * @since 0.1.0
 */
export type ToolChoice = typeof ToolChoice.Type

/**
 * A tool call of the model. `id` is unique within its turn only.
 * `arguments` is the model's raw JSON text: parse and validate it before use.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolCall {
  readonly id: string
  /** `function`, or `builtin_function` for tools of the host. */
  readonly type: string
  readonly function: { readonly name: string; readonly arguments: string }
}

/**
 * A tool call of the model.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolCall: Schema.Codec<ToolCall> = Schema.Struct({
  id: Schema.String,
  type: Schema.String,
  function: Schema.Struct({ name: Schema.String, arguments: Schema.String })
})
