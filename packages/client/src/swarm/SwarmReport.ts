/**
 * What a swarm has done: its tree of agents, tokens, cost and times.
 *
 * @since 0.1.0
 */
import type { Usage } from "@kimi-effect/core/Usage"
import type { TotalCost } from "../agent/AgentResult.ts"

/**
 * A period of an agent: a call of the model, or a tool call. Times are milliseconds
 * since the swarm began.
 *
 * @category models
 * @since 0.1.0
 */
export interface Activity {
  readonly kind: "model" | "tool"
  /** The tool; `model` for calls of the model. */
  readonly name: string
  readonly start: number
  readonly end: number
  readonly isFailure: boolean
}

/**
 * One agent. Times are milliseconds since the swarm began.
 *
 * @category models
 * @since 0.1.0
 */
export interface AgentReport {
  readonly id: string
  readonly name: string
  /** The agent that assigned its task; absent for the orchestrator and for agents of a plan. */
  readonly parent?: string
  /** The step of the parent that assigned it. Agents of one stage run in parallel. */
  readonly stage: number
  /** The agents that it depends on. */
  readonly after: ReadonlyArray<string>
  /** The tag of its outcome. */
  readonly outcome: string
  /** The tag of its error. */
  readonly error?: string
  readonly steps: number
  readonly toolCalls: number
  readonly usage: Usage
  readonly cost: ReadonlyArray<TotalCost>
  readonly start: number
  readonly end: number
  /** How many times it returned to the queue. */
  readonly requeues: number
  readonly activities: ReadonlyArray<Activity>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface SwarmReport {
  readonly id: string
  /** All agents, the orchestrator first; `parent` makes them a tree. */
  readonly agents: ReadonlyArray<AgentReport>
  readonly steps: number
  readonly toolCalls: number
  readonly usage: Usage
  readonly cost: ReadonlyArray<TotalCost>
  /** Milliseconds from begin to end. */
  readonly wallMillis: number
  /** Milliseconds of all calls of the model and tool calls together: the time that one agent would have needed. */
  readonly workMillis: number
  /**
   * The steps that followed each other: the sum over stages of the orchestrator's
   * steps and those of the longest sub-agent (source: the technical report of
   * Kimi K2.5).
   */
  readonly criticalSteps: number
  /** `workMillis` by `wallMillis`. */
  readonly speedUp: number
  /** The part of the prompt tokens that the host had in its cache, 0 to 1. */
  readonly cacheShare: number
}
