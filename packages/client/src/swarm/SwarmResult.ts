/**
 * How a swarm ended, with the results of its agents, for every outcome.
 *
 * @since 0.1.0
 */
import type { AgentLimitError, SwarmSuspendedError } from "@kimi-effect/core/SwarmErrors"
import type { ToolApprovalRequiredError } from "@kimi-effect/core/ToolErrors"
import type { StructuredOutputError } from "@kimi-effect/core/ProviderErrors"
import type { AgentError } from "../agent/AgentResult.ts"
import type { SwarmReport } from "./SwarmReport.ts"
import type { SwarmState } from "./SwarmState.ts"

/**
 * What ends an agent of a swarm early.
 *
 * @category models
 * @since 0.1.0
 */
export type SwarmAgentError = AgentError | ToolApprovalRequiredError | StructuredOutputError

/**
 * The outcome of an agent:
 *
 * - `Finished`: it is done.
 * - `Stopped`: a limit or an error ended it. Its text is what it had.
 * - `Skipped`: it did not start, because an agent that it depends on is not finished, or the swarm has ended.
 * - `Suspended`: it waits for the account, and continues when the swarm is resumed.
 *
 * @category models
 * @since 0.1.0
 */
export type AgentOutcome =
  | { readonly _tag: "Finished" }
  | { readonly _tag: "Stopped"; readonly error: SwarmAgentError }
  | { readonly _tag: "Skipped"; readonly reason: "dependency" | "ended" }
  | { readonly _tag: "Suspended" }

/**
 * The outcome of a swarm:
 *
 * - `Finished`: the orchestrator, or every agent of a plan, has ended.
 * - `Limited`: a limit of the swarm has ended it, or some of its agents. The text is the conclusion from what there was.
 * - `Suspended`: the account cannot make calls. `Swarm.resume` continues.
 * - `Failed`: the orchestrator failed, or an agent did and `stopOnFailure` is set, or the journal did.
 * - `Cancelled`: `Swarm.cancel` has ended it.
 *
 * @category models
 * @since 0.1.0
 */
export type SwarmOutcome =
  | { readonly _tag: "Finished" }
  | { readonly _tag: "Limited"; readonly error: AgentError | AgentLimitError }
  | { readonly _tag: "Suspended"; readonly error: SwarmSuspendedError }
  | { readonly _tag: "Failed"; readonly error: SwarmAgentError }
  | { readonly _tag: "Cancelled" }

/**
 * The result of a sub-agent.
 *
 * @category models
 * @since 0.1.0
 */
export interface AgentResult {
  /** Unique in the swarm. */
  readonly id: string
  /** The name that it was created with; not unique when it got several assignments. */
  readonly name: string
  readonly outcome: AgentOutcome
  /** Its last text, bounded in size; empty before the first one. */
  readonly text: string
  /** The result as its schema decodes it, where one is given. */
  readonly value?: unknown
}

/**
 * The result of a swarm.
 *
 * @category models
 * @since 0.1.0
 */
export interface SwarmResult {
  readonly outcome: SwarmOutcome
  /** What the orchestrator has written last; empty without an orchestrator. */
  readonly text: string
  /**
   * Why the orchestrator has written no conclusion after a limit has ended the swarm. `text` then states
   * that, with the results of the agents, unless it has a part of the conclusion.
   */
  readonly conclusionError?: AgentError
  /** The sub-agents in the order in which they were added. */
  readonly agents: ReadonlyArray<AgentResult>
  readonly report: SwarmReport
  /** The state to continue from; plain JSON. */
  readonly state: SwarmState
}
