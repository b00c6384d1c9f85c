/**
 * Failures of tools that the model calls. `ToolSet` and the agent loop raise them;
 * by the policy of the loop they are returned to the model or end the run.
 *
 * Messages name the tool, the call and the limit. Arguments and results are
 * content: they are in no message and in no member.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

const toolCall = {
  /** The name of the tool. */
  tool: Schema.String,
  /** The id of the tool call, unique within a run. */
  callId: Schema.String
}

/**
 * The model called a tool that the toolkit does not contain.
 *
 * @category errors
 * @since 0.1.0
 */
export class ToolNotFoundError extends TaggedKimiError<ToolNotFoundError>()("ToolNotFoundError", {
  ...toolCall,
  /** The names of the tools that exist. */
  available: Schema.Array(Schema.String)
}) {}

/**
 * The arguments of a tool call are not valid JSON or do not match the tool's
 * parameters. The handler did not run.
 *
 * @category errors
 * @since 0.1.0
 */
export class ToolArgumentsError extends TaggedKimiError<ToolArgumentsError>()("ToolArgumentsError", {
  ...toolCall,
  /** Path of the first invalid argument; absent when the arguments are not JSON. */
  path: Schema.optionalKey(Schema.String)
}) {}

/**
 * The handler of a tool failed.
 *
 * @category errors
 * @since 0.1.0
 */
export class ToolExecutionError extends TaggedKimiError<ToolExecutionError>()("ToolExecutionError", {
  ...toolCall,
  /** The tag or the name of the handler's error, when it has one. */
  failure: Schema.optionalKey(Schema.String)
}) {}

/**
 * The handler of a tool took longer than its timeout and was interrupted.
 *
 * @category errors
 * @since 0.1.0
 */
export class ToolTimeoutError extends TaggedKimiError<ToolTimeoutError>()("ToolTimeoutError", {
  ...toolCall,
  /** The timeout that was exceeded. */
  timeout: Schema.Duration
}) {}

/**
 * A tool call needs an approval that has not been given. The handler did not
 * run; the run can be resumed with a decision.
 *
 * @category errors
 * @since 0.1.0
 */
export class ToolApprovalRequiredError extends TaggedKimiError<ToolApprovalRequiredError>()(
  "ToolApprovalRequiredError",
  toolCall
) {}
