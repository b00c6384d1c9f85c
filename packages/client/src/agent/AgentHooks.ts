/**
 * Where other code takes part in a run: around each call of the model, around each
 * tool call, and between any two actions. With them a durable run records each
 * call before and after it is made, and a swarm shares its limits between agents.
 *
 * @since 0.1.0
 */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type * as Effect from "effect/Effect"
import type { AgentError } from "./AgentResult.ts"
import type { AgentState, CallResult } from "./AgentState.ts"

/**
 * A call of the model.
 *
 * @category models
 * @since 0.1.0
 */
export interface ModelCall {
  /** The name of the agent; empty when it has none. */
  readonly agent: string
  /** From 1. */
  readonly step: number
  readonly request: ChatRequest
}

/**
 * A tool call that is about to run. Agent, step and position identify it in
 * every repetition of the same run.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolRun {
  /** The name of the agent; empty when it has none. */
  readonly agent: string
  /** The step whose response made the call, from 1. */
  readonly step: number
  /** The position of the call in its turn, from 0. */
  readonly position: number
  readonly callId: string
  readonly tool: string
  /** JSON text that matches the tool's parameters. */
  readonly arguments: string
  /** Whether the tool is marked as read-only or idempotent, so that it may run twice. */
  readonly isRepeatable: boolean
}

/**
 * Functions around the actions of a run. An error of one of them ends the run
 * with that error as its outcome.
 *
 * @category options
 * @since 0.1.0
 */
export interface AgentHooks {
  /** Makes a call of the model, or returns the response that it had before. */
  readonly callModel?:
    | ((call: ModelCall, make: Effect.Effect<ChatResponse, AgentError>) => Effect.Effect<ChatResponse, AgentError>)
    | undefined
  /**
   * Runs a tool call, or returns the result that it had before. `run` does not
   * fail: the error of a tool is a part of its result, and the policy of the run
   * applies to what this function returns. Calls that run nothing, because they
   * are invalid or rejected, do not reach it.
   */
  readonly callTool?:
    | ((call: ToolRun, run: Effect.Effect<CallResult>) => Effect.Effect<CallResult, AgentError>)
    | undefined
  /**
   * Stores the state whenever it has changed, such as before and after each tool
   * call, and when the run is interrupted. The run waits for it.
   */
  readonly checkpoint?: ((state: AgentState) => Effect.Effect<void, AgentError>) | undefined
}
