/**
 * Agents for programs that are not written with Effect: their options, and tools
 * as functions.
 *
 * **Example** (A tool)
 *
 * ```ts
 * const weather = AgentRequest.tool({
 *   name: "get_weather",
 *   description: "Get current weather information for a location",
 *   parameters: Schema.Struct({ location: Schema.String }),
 *   run: async ({ location }, { signal }) => (await fetch(urlOf(location), { signal })).json()
 * })
 *
 * const result = await kimi.agent({ tools: [weather], prompt: "What's the weather in Oslo?" })
 * ```
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
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
 * A function that the model may call.
 *
 * @category options
 * @since 0.1.0
 */
export interface ToolOptions<S extends Schema.Codec<unknown, unknown>> {
  readonly name: string
  /** A description for the model. */
  readonly description: string
  /** The schema of the input, which is decoded before `run` gets it. Its root is an object. */
  readonly parameters: S
  /**
   * Runs a call. The model gets what it returns: a text as it is, anything else
   * as JSON. A rejection is returned to the model with the name of the error, or
   * ends the run, by `onToolError`.
   */
  readonly run: (input: S["Type"], context: ToolContext) => unknown
  /** Whether a call needs an approval before it runs. Defaults to `false`. */
  readonly needsApproval?: boolean | ((input: S["Type"]) => boolean | Promise<boolean>) | undefined
  /** Whether a call changes nothing, or may be repeated, so that a resumed run may run it again. Defaults to `false`. */
  readonly isRepeatable?: boolean | undefined
}

/**
 * A tool of any input.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tool extends Pick<ToolOptions<never>, "description" | "isRepeatable" | "name"> {
  readonly parameters: Schema.Codec<unknown, unknown>
  readonly run: (input: never, context: ToolContext) => unknown
  readonly needsApproval?: boolean | ((input: never) => boolean | Promise<boolean>) | undefined
}

/**
 * Makes a tool, with the type of its input.
 *
 * @category constructors
 * @since 0.1.0
 */
export const tool = <S extends Schema.Codec<unknown, unknown>>(options: ToolOptions<S>): Tool => options

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
