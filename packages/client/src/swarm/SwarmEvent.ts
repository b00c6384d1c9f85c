/**
 * The events of a streamed swarm, by `_tag`. `Finished` is always last.
 *
 * Agents are named by their ids, which are unique in the swarm.
 *
 * @since 0.1.0
 */
import type { BudgetExceededError } from "@kimi-effect/core/MoneyErrors"
import type { AgentLimitError, DepthLimitError, UnknownAgentError } from "@kimi-effect/core/SwarmErrors"
import type { Usage } from "@kimi-effect/core/Usage"
import type { TotalCost } from "../agent/AgentResult.ts"
import type { SwarmResult } from "./SwarmResult.ts"

/**
 * An event of a swarm:
 *
 * - `Planned`: these agents were added; a turn of the orchestrator adds several.
 * - `PlanRefused`: the plan exceeds a limit, and none of its agents starts; or a task is for an agent that does not exist.
 * - `AgentStarted`: the agent works for the first time.
 * - `StepStarted`: the model is called, for the step of this number.
 * - `ToolCalled`, `ToolReturned`: a tool call by its id; arguments and results are no part of it.
 * - `Spent`: what a response has used, and what the swarm has cost so far.
 * - `Requeued`: the host refused a call; the agent waits `waitMillis` or longer, and continues.
 * - `Suspended`, `Resumed`: the account cannot make calls, and can again.
 * - `AgentFinished`: the outcome of an agent by its tag, with the tag of its error.
 * - `Concluding`: a limit has ended the swarm, and the orchestrator concludes from the results.
 *
 * @category models
 * @since 0.1.0
 */
export type SwarmEvent =
  | { readonly _tag: "Planned"; readonly agents: ReadonlyArray<string>; readonly by?: string }
  | {
      readonly _tag: "PlanRefused"
      readonly by: string
      readonly error: AgentLimitError | BudgetExceededError | DepthLimitError | UnknownAgentError
    }
  | { readonly _tag: "AgentStarted"; readonly agent: string }
  | { readonly _tag: "StepStarted"; readonly agent: string; readonly step: number }
  | { readonly _tag: "ToolCalled"; readonly agent: string; readonly callId: string; readonly tool: string }
  | {
      readonly _tag: "ToolReturned"
      readonly agent: string
      readonly callId: string
      readonly tool: string
      readonly isFailure: boolean
    }
  | {
      readonly _tag: "Spent"
      readonly agent: string
      readonly step: number
      readonly usage: Usage
      readonly total: ReadonlyArray<TotalCost>
    }
  | { readonly _tag: "Requeued"; readonly agent: string; readonly reason: string; readonly waitMillis: number }
  | { readonly _tag: "Suspended"; readonly agent: string; readonly reason: string }
  | { readonly _tag: "Resumed" }
  | { readonly _tag: "AgentFinished"; readonly agent: string; readonly outcome: string; readonly error?: string }
  | { readonly _tag: "Concluding"; readonly reason: string }
  | { readonly _tag: "Finished"; readonly result: SwarmResult }
