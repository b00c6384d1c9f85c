/**
 * The limits of a swarm, for all of its agents together. Limits of single agents
 * are `AgentLimits`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { CostLimit } from "../agent/AgentLimits.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface SwarmLimits {
  /**
   * Sub-agents that the swarm starts, where each assignment is one. Defaults to
   * 100. A plan or a turn of the orchestrator that needs more starts none of them:
   * `AgentLimitError`.
   */
  readonly agents?: number | undefined
  /**
   * Tool calls of all agents; assignments are none. Defaults to 1,500. A turn with
   * more calls than are left runs none of them: `ToolCallLimitError`.
   */
  readonly toolCalls?: number | undefined
  /**
   * Tokens of all prompts and responses. No limit by default. Agents stop with
   * `TokenLimitError` once they are used, so responses that are running then can
   * exceed it.
   */
  readonly tokens?: number | undefined
  /**
   * What all calls of the model may cost. No limit by default. Each call holds its
   * worst case before it is made, so the swarm never exceeds it; a call that does
   * not fit any more stops its agent with `BudgetExceededError`. It needs
   * `request.model`, and makes each call of the client one attempt, as the swarm
   * repeats failed calls itself.
   */
  readonly cost?: CostLimit | undefined
  /**
   * What each sub-agent has reserved of `cost`, from when it is planned until it
   * ends; what it has not used returns then. A call that needs more takes what is
   * free, and waits for it while other agents make progress; an agent that cannot
   * get it ends with `BudgetExceededError` and its result in part. So no agent uses
   * what others have reserved. A plan or a turn of the orchestrator whose
   * reservations together exceed what is left starts none of them:
   * `BudgetExceededError`. By default an agent reserves what the output of one call
   * can cost, with its first call, and agents wait to start until that is free.
   */
  readonly agentCost?: CostLimit | undefined
  /** The time of the whole swarm. No limit by default. Agents stop with `DeadlineExceededError`. */
  readonly duration?: Duration.Input | undefined
  /**
   * Levels of agents below the orchestrator. Defaults to 1: sub-agents create none.
   * An agent of the last level that tries to gets a `DepthLimitError`.
   */
  readonly depth?: number | undefined
  /**
   * What is reserved from the start for the conclusion of the orchestrator when a
   * limit ends the swarm, also when it is not set: by its defaults. `Swarm.map` and
   * `Swarm.plan` have no orchestrator, so nothing is reserved there.
   */
  readonly conclusion?: ConclusionLimits | undefined
}

/**
 * The size of the conclusion, which is one more call of the model. Results of the
 * agents are truncated to fit its prompt.
 *
 * @category options
 * @since 0.1.0
 */
export interface ConclusionLimits {
  /** Tokens of its prompt. Defaults to 16,000. */
  readonly promptTokens?: number | undefined
  /** Tokens of its response, the reasoning included. Defaults to 4,000. */
  readonly completionTokens?: number | undefined
  /** The end of `duration` that is kept for it. Defaults to a tenth, at most a minute. */
  readonly duration?: Duration.Input | undefined
}
