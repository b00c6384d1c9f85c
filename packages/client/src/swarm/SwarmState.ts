/**
 * The state of a swarm as plain JSON. A swarm that is suspended, has reached a
 * limit or was interrupted continues from it with `Swarm.resume`, in another
 * process: no agent begins again.
 *
 * **Gotchas**
 *
 * - It contains conversations: store it as you store those.
 *
 * @since 0.1.0
 */
import * as KimiError from "@kimi-effect/core/KimiError"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { AgentState } from "../agent/AgentState.ts"

/**
 * A sub-agent that a model has created.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CreatedAgent = Schema.Struct({
  /** The agent that created it, by its id. */
  creator: Schema.String,
  name: Schema.String,
  system: Schema.String,
  /** The tools that it was granted; absent when it has all. */
  tools: Schema.optionalKey(Schema.Array(Schema.String))
})

/**
 * @category models
 * @since 0.1.0
 */
export type CreatedAgent = typeof CreatedAgent.Type

/** An error that this version does not know cannot be read: the agent would begin to work again. */
const isEncodedError = Schema.is(Schema.toEncoded(KimiError.codec))

/**
 * A task that a model has assigned to a sub-agent.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Assignment = Schema.Struct({
  /** The agent that works on it, unique in the swarm. */
  id: Schema.String,
  name: Schema.String,
  /** The agent that assigned it. */
  parent: Schema.String,
  /** The step of the parent. */
  stage: Schema.Int,
  /** What ended the agent early, in its encoded form. */
  error: Schema.optionalKey(Schema.Json.check(Schema.makeFilter(isEncodedError, { expected: "an encoded error" })))
})

/**
 * @category models
 * @since 0.1.0
 */
export type Assignment = typeof Assignment.Type

/**
 * What a swarm does, without its contents: a swarm with another task, or other
 * agents, does not continue from the state of this one.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SwarmProgram = Schema.Struct({
  /** `run` with an orchestrator, `plan` for a plan or for one agent for each item. */
  kind: Schema.String,
  /** The digests of the task or of the agents, by their names. */
  parts: Schema.Record(Schema.String, Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type SwarmProgram = typeof SwarmProgram.Type

/**
 * @category schemas
 * @since 0.1.0
 */
export const SwarmState = Schema.Struct({
  version: Schema.Literal(1),
  /** The id of the swarm. */
  id: Schema.String,
  program: SwarmProgram,
  created: Schema.Array(CreatedAgent),
  assignments: Schema.Array(Assignment),
  /** The agents that have begun, by their ids. */
  agents: Schema.Record(Schema.String, AgentState)
})

/**
 * @category models
 * @since 0.1.0
 */
export type SwarmState = typeof SwarmState.Type

/**
 * Reads a state that was stored as JSON. Any other value fails with
 * `InvalidRequestError`, whose message does not contain it.
 *
 * @category conversions
 * @since 0.1.0
 */
export const decode = (stored: unknown): Effect.Effect<SwarmState, InvalidRequestError> =>
  Effect.mapError(
    Schema.decodeUnknownEffect(SwarmState)(stored),
    () => new InvalidRequestError({ message: "The value is no state of a swarm", parameter: "state" })
  )
