/**
 * A plan: a directed acyclic graph of agents, each of which gets the results of
 * those that it depends on.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import type { AgentProfile } from "./SwarmOptions.ts"

type AnyCodec = Schema.Codec<unknown, unknown>

/**
 * An agent of a plan.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlanNode {
  readonly id: string
  readonly agent?: AgentProfile | undefined
  /**
   * The agents that it depends on, by their ids, with the forms of their results
   * as JSON: `Schema.String` is the text as it is.
   */
  readonly inputs?: { readonly [id: string]: AnyCodec } | undefined
  readonly prompt: string | ((inputs: never) => string)
  /** The form of its result as JSON. It is part of the instructions, and the agent is asked once more if its result does not match. */
  readonly result?: AnyCodec | undefined
}

/**
 * An agent of a plan whose prompt gets its inputs decoded.
 *
 * @category models
 * @since 0.1.0
 */
export interface TypedNode<Inputs extends { readonly [id: string]: Schema.Constraint }> extends Omit<
  PlanNode,
  "inputs" | "prompt"
> {
  readonly inputs?: Inputs | undefined
  readonly prompt: string | ((inputs: { readonly [Id in keyof Inputs]: Inputs[Id]["Type"] }) => string)
}

/**
 * Makes an agent of a plan.
 *
 * **Example** (A report on facts)
 *
 * ```ts
 * const plan = [
 *   SwarmPlan.node({ id: "facts", prompt: "Find the facts", result: Facts }),
 *   SwarmPlan.node({ id: "report", inputs: { facts: Facts }, prompt: ({ facts }) => `Report on ${facts.topic}` })
 * ]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const node = <const Inputs extends { readonly [id: string]: AnyCodec } = {}>(
  given: TypedNode<Inputs>
): PlanNode => given as PlanNode
