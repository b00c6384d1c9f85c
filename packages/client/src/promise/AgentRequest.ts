/**
 * Agents for programs that are not written with Effect: their options, and tools
 * as functions.
 *
 * **Example** (A tool; `z` is zod)
 *
 * ```ts
 * const weather = AgentRequest.tool({
 *   name: "get_weather",
 *   description: "Get current weather information for a location",
 *   parameters: z.object({ location: z.string() }),
 *   run: async ({ location }, { signal }) => (await fetch(urlOf(location), { signal })).json()
 * })
 *
 * const result = await kimi.agent({ tools: [weather], prompt: "What's the weather in Oslo?" })
 * ```
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import type { ResumeOptions, RunOptions } from "../agent/AgentOptions.ts"
import type { AgentState } from "../agent/AgentState.ts"

/**
 * What a tool gets with its input.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolContext {
  /** Aborts when the run is interrupted, or the call exceeds its timeout. */
  readonly signal: AbortSignal
  /** Unique within the run. */
  readonly callId: string
}

/**
 * A JSON Schema, whose root is an object.
 *
 * @category models
 * @since 0.1.0
 */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/**
 * The schema of a tool's input, whose root is an object:
 *
 * - a schema of a library with [Standard Schema](https://standardschema.dev), such
 *   as zod, valibot and ArkType. Where it does not write its JSON Schema itself, as
 *   zod 4.2 and ArkType 2.2 do, the tool needs the option `jsonSchema`;
 * - a Schema of Effect;
 * - a JSON Schema, which checks the input and leaves its type open.
 *
 * @category models
 * @since 0.1.0
 */
export type Parameters = Schema.Codec<unknown, unknown> | StandardSchemaV1 | JsonSchema

/**
 * The type of the input that a schema decodes.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Input<P> =
  P extends Schema.Codec<infer A, infer _> ? A : P extends StandardSchemaV1<infer _, infer A> ? A : unknown

/**
 * A function that the model may call.
 *
 * @category options
 * @since 0.1.0
 */
export interface ToolOptions<P extends Parameters> {
  readonly name: string
  /** A description for the model. */
  readonly description: string
  /** The schema of the input, by which it is checked and decoded before `run` gets it. */
  readonly parameters: P
  /** The JSON Schema of `parameters`, for a library that does not write it itself. */
  readonly jsonSchema?: JsonSchema | undefined
  /**
   * Runs a call. The model gets what it returns: a text as it is, anything else
   * as JSON. A rejection is returned to the model with the name of the error, or
   * ends the run, by `onToolError`.
   */
  readonly run: (input: Input<P>, context: ToolContext) => unknown
  /** Whether a call needs an approval before it runs. Defaults to `false`. */
  readonly needsApproval?: boolean | ((input: Input<P>) => boolean | Promise<boolean>) | undefined
  /** Whether a call changes nothing, or may be repeated, so that a resumed run may run it again. Defaults to `false`. */
  readonly isRepeatable?: boolean | undefined
}

/**
 * A tool of any input.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tool extends Pick<ToolOptions<JsonSchema>, "description" | "isRepeatable" | "jsonSchema" | "name"> {
  readonly parameters: Parameters
  readonly run: (input: never, context: ToolContext) => unknown
  readonly needsApproval?: boolean | ((input: never) => boolean | Promise<boolean>) | undefined
}

/**
 * Makes a tool, with the type of its input.
 *
 * @category constructors
 * @since 0.1.0
 */
export const tool = <P extends Parameters>(options: ToolOptions<P>): Tool => options

interface OwnOptions {
  /** The tools of the model. Defaults to none. */
  readonly tools?: ReadonlyArray<Tool> | undefined
  /**
   * Stores the state whenever it has changed, such as before and after each tool
   * call, and when the run is interrupted. The run waits for it, and rejects when
   * it rejects.
   */
  readonly checkpoint?: ((state: AgentState) => Promise<void>) | undefined
}

/**
 * The options of a run: those of `AgentOptions`.
 *
 * @category options
 * @since 0.1.0
 */
export interface AgentRequest extends Omit<RunOptions, "hooks" | "tools">, OwnOptions {}

/**
 * The options of a run that continues.
 *
 * @category options
 * @since 0.1.0
 */
export interface ResumeRequest extends Omit<ResumeOptions, "hooks" | "tools">, OwnOptions {}
