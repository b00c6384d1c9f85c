/**
 * Failures of a swarm as a whole. `Swarm` of the client raises them; each of its agents can also fail with the errors of an
 * agent, of a tool and of the journal.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The plan needs more agents than the swarm may have. Checked before any of
 * them starts.
 *
 * @category errors
 * @since 0.1.0
 */
export class AgentLimitError extends TaggedKimiError<AgentLimitError>()("AgentLimitError", {
  /** The agents that the swarm may have. */
  limit: Schema.Int,
  /** The agents that the plan needs. */
  requested: Schema.Int
}) {}

/**
 * An agent tried to create a sub-agent below the depth limit.
 *
 * @category errors
 * @since 0.1.0
 */
export class DepthLimitError extends TaggedKimiError<DepthLimitError>()("DepthLimitError", {
  /** The agent that tried to create the sub-agent. */
  agent: Schema.String,
  /** The levels of agents that the swarm may have; the orchestrator is level 0. */
  limit: Schema.Int
}) {}

/**
 * The plan is not a directed acyclic graph over its own agents. Checked before
 * any of them starts.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidPlanError extends TaggedKimiError<InvalidPlanError>()("InvalidPlanError", {
  /** What is wrong with the plan. */
  reason: Schema.Literals(["cycle", "unknown agent", "duplicate agent"]),
  /** The agents concerned; for a cycle, in its order. */
  agents: Schema.Array(Schema.String)
}) {}

/**
 * A task was assigned to an agent that does not exist.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownAgentError extends TaggedKimiError<UnknownAgentError>()("UnknownAgentError", {
  /** The name that was used. */
  agent: Schema.String
}) {}

/**
 * The swarm is suspended, because the account cannot make calls at present. Its
 * agents continue where they stopped when the swarm is resumed. `retryAfter` is
 * the wait that the host named, if any. If the host refused the key, the address
 * or a permission, `hint` and `recovery` are those of that error.
 *
 * @category errors
 * @since 0.1.0
 */
export class SwarmSuspendedError extends TaggedKimiError<SwarmSuspendedError>()("SwarmSuspendedError", {
  /** The id with which the swarm is resumed. */
  swarmId: Schema.String,
  /** The tag of the error that suspended it, such as `QuotaExceededError`. */
  reason: Schema.String
}) {}
