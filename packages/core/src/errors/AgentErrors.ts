/**
 * Limits of one agent. `AgentLoop` of the client raises them, for a single run
 * and for each agent of a swarm. Limits on
 * money and time are `BudgetExceededError` and `DeadlineExceededError`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

const agent = {
  /** The name of the agent, when it has one. */
  agent: Schema.optionalKey(Schema.String)
}

/**
 * The agent needs more steps than it may take. One step is one response of the model.
 *
 * @category errors
 * @since 0.1.0
 */
export class StepLimitError extends TaggedKimiError<StepLimitError>()("StepLimitError", {
  ...agent,
  /** The steps that the agent may take. */
  limit: Schema.Int
}) {}

/**
 * The run makes more tool calls than it may.
 *
 * @category errors
 * @since 0.1.0
 */
export class ToolCallLimitError extends TaggedKimiError<ToolCallLimitError>()("ToolCallLimitError", {
  ...agent,
  /** The tool calls that the run may make. */
  limit: Schema.Int
}) {}

/**
 * The run uses more tokens than it may.
 *
 * @category errors
 * @since 0.1.0
 */
export class TokenLimitError extends TaggedKimiError<TokenLimitError>()("TokenLimitError", {
  ...agent,
  /** The tokens that the run may use. */
  limit: Schema.Finite,
  /** The tokens that it has used. */
  used: Schema.Finite
}) {}

/**
 * The model repeats the same tool call with the same arguments.
 *
 * @category errors
 * @since 0.1.0
 */
export class RepeatedToolCallError extends TaggedKimiError<RepeatedToolCallError>()("RepeatedToolCallError", {
  ...agent,
  /** The name of the tool. */
  tool: Schema.String,
  /** How many times the call was made in a row. */
  count: Schema.Int
}) {}

/**
 * The steps of the agent bring nothing new: their calls fail, or return what they
 * have returned before.
 *
 * @category errors
 * @since 0.1.0
 */
export class NoProgressError extends TaggedKimiError<NoProgressError>()("NoProgressError", {
  ...agent,
  /** The steps in a row that may bring nothing new. */
  limit: Schema.Int
}) {}
