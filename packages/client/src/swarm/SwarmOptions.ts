/**
 * The options of a swarm.
 *
 * @since 0.1.0
 */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { AgentHooks } from "../agent/AgentHooks.ts"
import type { AgentLimits } from "../agent/AgentLimits.ts"
import type { ToolSet } from "../agent/ToolSet.ts"
import type { Provider } from "../Provider.ts"
import type { SwarmLimits } from "./SwarmLimits.ts"
import type { SwarmState } from "./SwarmState.ts"

/**
 * Why a swarm is suspended: the account cannot make calls at present.
 *
 * @category models
 * @since 0.1.0
 */
export interface Suspension {
  /** The tag of the error: `QuotaExceededError`, `DailyLimitError` or an error of the key. */
  readonly reason: string
  /** The agent whose call was refused. */
  readonly agent: string
  /** Milliseconds that the host asks to wait, if it does. */
  readonly retryAfterMillis?: number | undefined
}

/**
 * The instructions of an agent, and what it may do.
 *
 * @category options
 * @since 0.1.0
 */
export interface AgentProfile {
  readonly system?: string | undefined
  /** The names of the tools that the agent is granted, of those of the swarm. Defaults to all for sub-agents, and none for the orchestrator. */
  readonly tools?: ReadonlyArray<string> | undefined
  readonly limits?: AgentLimits | undefined
  /** Members of its requests, in addition to those of the swarm. */
  readonly request?: SwarmOptions["request"] | undefined
}

/**
 * The options that every swarm has. Give the same ones to resume it.
 *
 * @category options
 * @since 0.1.0
 */
export interface SwarmOptions<R = never> {
  /** Identifies the swarm. Defaults to `swarm`. */
  readonly id?: string | undefined
  /** The tools that agents can be granted. Defaults to none. */
  readonly tools?: ToolSet<R> | undefined
  /** Members of each request, such as `model` and `max_completion_tokens`. */
  readonly request?: Omit<ChatRequest, "messages" | "tools" | "n"> | undefined
  /** The host, by whose prices `limits.cost` reserves. Defaults to Moonshot. */
  readonly provider?: Provider | undefined
  /** Limits of the whole swarm. */
  readonly limits?: SwarmLimits | undefined
  /** Limits of each sub-agent. Defaults to those of `AgentLimits`, and two hours. */
  readonly agentLimits?: AgentLimits | undefined
  /** The most agents that work at the same time. Defaults to 100. */
  readonly concurrency?: number | undefined
  /** The agents that work at the same time at first; each response adds one. Defaults to 5. */
  readonly initialConcurrency?: number | undefined
  /** Bytes of a result. The agent is asked to summarize a longer one, and the summary is truncated. Defaults to 16 KiB. */
  readonly maxResultBytes?: number | undefined
  /** Whether the first agent that fails stops the others. Defaults to `false`. */
  readonly stopOnFailure?: boolean | undefined
  /**
   * What a suspended swarm waits for, such as a message to a person and a delay.
   * The same agents continue when it ends. Without it the swarm ends with the
   * outcome `Suspended`, and `Swarm.resume` continues from its state.
   */
  readonly onSuspended?: ((suspension: Suspension) => Effect.Effect<void>) | undefined
  /** Functions around the calls of all agents; an agent's name is its id in the report. */
  readonly hooks?: Pick<AgentHooks, "callModel" | "callTool"> | undefined
  /** Stores the state of the swarm after each response and result. Agents wait for it. */
  readonly checkpoint?: ((state: SwarmState) => Effect.Effect<void>) | undefined
}

/**
 * The options of a swarm with an orchestrator.
 *
 * @category options
 * @since 0.1.0
 */
export interface RunOptions<R = never> extends SwarmOptions<R> {
  readonly orchestrator?: AgentProfile | undefined
  /** The tools that sub-agents may be granted. Defaults to all. */
  readonly subAgentTools?: ReadonlyArray<string> | undefined
}

/**
 * The options of one sub-agent for each item.
 *
 * @category options
 * @since 0.1.0
 */
export interface MapOptions<A, R = never> extends SwarmOptions<R> {
  readonly items: ReadonlyArray<A>
  /** The prompt for an item: a function, or a text in which `{{item}}` is replaced. A text with another placeholder is refused. */
  readonly prompt: string | ((item: A, index: number) => string)
  readonly agent?: AgentProfile | undefined
  /** The form of the results as JSON, in `value` of each agent. */
  readonly result?: Schema.Codec<unknown, unknown> | undefined
}
