/** The task of one agent. */
import type * as Schema from "effect/Schema"
import type { AgentLimits } from "../../agent/AgentLimits.ts"
import type { ToolSet } from "../../agent/ToolSet.ts"
import type { SwarmOptions } from "../SwarmOptions.ts"

export interface Job<R> {
  /** Unique in the swarm, and the same in every repetition of it. */
  readonly id: string
  readonly name: string
  readonly parent?: string
  readonly stage: number
  readonly after: ReadonlyArray<string>
  readonly system: string
  readonly prompt: string
  readonly tools: ToolSet<R> | undefined
  /** 0 for an orchestrator. */
  readonly depth: number
  /** Agents of a higher rank work first. */
  readonly rank: number
  readonly limits: AgentLimits | undefined
  readonly request: SwarmOptions["request"]
  readonly result?: Schema.Codec<unknown, unknown> | undefined
}
