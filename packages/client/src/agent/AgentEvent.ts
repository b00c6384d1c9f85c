/**
 * The events of a streamed run, by `_tag`.
 *
 * One turn is: `TurnStarted`; the deltas of the response, as they arrive;
 * `Usage`; `Cost`; then for each tool call `ToolCall`, and `ToolResult` or
 * `ApprovalRequested`; tools run in parallel, so their results come in any order. `Finished` is always last, and has the result of the run.
 *
 * @since 0.1.0
 */
import type { Usage as UsageModel } from "@kimi-effect/core/Usage"
import type { AgentResult, TotalCost } from "./AgentResult.ts"
import type { Approval, CallResult } from "./AgentState.ts"

/**
 * The model is called.
 *
 * @category models
 * @since 0.1.0
 */
export interface TurnStarted {
  readonly _tag: "TurnStarted"
  /** From 1. A turn that is resumed keeps its number. */
  readonly step: number
}

/**
 * A delta of the reasoning.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reasoning {
  readonly _tag: "Reasoning"
  readonly step: number
  readonly text: string
}

/**
 * A delta of the text.
 *
 * @category models
 * @since 0.1.0
 */
export interface Text {
  readonly _tag: "Text"
  readonly step: number
  readonly text: string
}

/**
 * The stream of the response broke and it starts again: discard the deltas of
 * this turn. Only a client that recovers broken streams emits it.
 *
 * @category models
 * @since 0.1.0
 */
export interface TurnReset {
  readonly _tag: "TurnReset"
  readonly step: number
  /** The tag of the error that broke the stream. */
  readonly reason: string
}

/**
 * The model calls a tool.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolCall {
  readonly _tag: "ToolCall"
  /** Unique within the run. */
  readonly callId: string
  readonly tool: string
  /** JSON text, as the model wrote it: it may be invalid. */
  readonly arguments: string
}

/**
 * A tool call needs an approval. The run ends with the outcome `ApprovalRequired`
 * when the other calls of the turn have their results.
 *
 * @category models
 * @since 0.1.0
 */
export interface ApprovalRequested {
  readonly _tag: "ApprovalRequested"
  readonly approval: Approval
}

/**
 * A preliminary result of a running tool. The model does not get it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolProgress {
  readonly _tag: "ToolProgress"
  readonly callId: string
  readonly tool: string
  readonly content: CallResult["content"]
}

/**
 * The result of a tool call, as the model gets it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolResult {
  readonly _tag: "ToolResult"
  readonly callId: string
  readonly tool: string
  readonly result: CallResult
}

/**
 * The tokens of one response, and of the run so far.
 *
 * @category models
 * @since 0.1.0
 */
export interface Usage {
  readonly _tag: "Usage"
  readonly step: number
  readonly usage: UsageModel
  readonly total: UsageModel
  /** Whether `usage` is an estimate, because the host reported none. */
  readonly isEstimate: boolean
}

/**
 * What the run has spent so far. It follows `Usage`, unless no price is known.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cost {
  readonly _tag: "Cost"
  readonly step: number
  /** By currency. */
  readonly total: ReadonlyArray<TotalCost>
}

/**
 * The run has ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Finished {
  readonly _tag: "Finished"
  readonly result: AgentResult
}

/**
 * An event of a run.
 *
 * @category models
 * @since 0.1.0
 */
export type AgentEvent =
  | TurnStarted
  | Reasoning
  | Text
  | TurnReset
  | ToolCall
  | ApprovalRequested
  | ToolProgress
  | ToolResult
  | Usage
  | Cost
  | Finished
