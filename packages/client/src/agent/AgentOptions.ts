/**
 * The options of a run.
 *
 * @since 0.1.0
 */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { Message } from "@kimi-effect/core/Message"
import type * as Duration from "effect/Duration"
import type { AgentHooks } from "./AgentHooks.ts"
import type { AgentLimits } from "./AgentLimits.ts"
import type { ToolError } from "./AgentResult.ts"
import type { Decision } from "./AgentState.ts"
import type { ToolSet } from "./ToolSet.ts"

/**
 * What a failed tool call does: its error goes back to the model, which can
 * correct itself, or it ends the run. A function decides by the error. A tool that
 * throws has failed too: its `ToolExecutionError` names the exception.
 *
 * @category options
 * @since 0.1.0
 */
export type OnToolError = "return" | "end" | ((error: ToolError) => "return" | "end")

/**
 * The options of a run, which are not part of its state: give the same ones to
 * continue it.
 *
 * @category options
 * @since 0.1.0
 */
export interface AgentOptions<R = never> {
  /** The tools of the model, made by `ToolSet.make`. Defaults to none. */
  readonly tools?: ToolSet<R> | undefined
  /** Name of the agent, which its calls are attributed to in costs, and which is part of the ids of tool calls. */
  readonly agent?: string | undefined
  /**
   * Members of each request, such as `model` and `max_completion_tokens`. A
   * `tool_choice` that forces a call applies to the first response to the user, as
   * the model could never finish otherwise.
   */
  readonly request?: Omit<ChatRequest, "messages" | "tools" | "n"> | undefined
  /** Limits of steps, tool calls, tokens, money and time. Each ends the run with its own error. */
  readonly limits?: AgentLimits | undefined
  /**
   * What a failed tool call does. Defaults to `return`. When a call ends the run,
   * the other calls of its turn are completed before.
   */
  readonly onToolError?: OnToolError | undefined
  /** Tool calls of one turn that run at the same time. Defaults to 8. */
  readonly toolConcurrency?: number | undefined
  /** Longest run of one tool call, which is then interrupted with `ToolTimeoutError`. Defaults to 5 minutes. */
  readonly toolTimeout?: Duration.Input | undefined
  /** The same for single tools, by the names of the toolkit. A name that no tool has is refused. */
  readonly toolTimeouts?: { readonly [tool: string]: Duration.Input } | undefined
  /** Bytes of a tool's text, of which the model gets the first part and a note if it is longer. Defaults to 64 KiB. */
  readonly maxResultBytes?: number | undefined
  /** Functions around each call of the model and of a tool, and one that stores the state. */
  readonly hooks?: AgentHooks | undefined
}

/**
 * The options of a new run.
 *
 * @category options
 * @since 0.1.0
 */
export interface RunOptions<R = never> extends AgentOptions<R> {
  /** Instructions, as the first message. */
  readonly system?: string | undefined
  /** An earlier conversation. */
  readonly messages?: ReadonlyArray<Message> | undefined
  /** What the user asks, as the last message. */
  readonly prompt?: string | undefined
}

/**
 * The options of a run that continues from its state.
 *
 * @category options
 * @since 0.1.0
 */
export interface ResumeOptions<R = never> extends Omit<AgentOptions<R>, "agent"> {
  /** Decisions on calls that wait for an approval. Those without one continue to wait. */
  readonly decisions?: ReadonlyArray<Decision> | undefined
}
