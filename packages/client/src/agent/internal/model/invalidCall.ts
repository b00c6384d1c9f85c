/**
 * Calls that no tool can answer, because no tool has their name or their
 * arguments are no JSON object.
 *
 * They would fail the whole response, which is paid for. They become calls of
 * `invalidCallTool` instead, whose result describes to the model what was wrong.
 */
import * as Tool from "effect/ai/Tool"
import * as Schema from "effect/Schema"

const InvalidCall = Schema.Struct({
  /** The name that the model called. */
  name: Schema.String,
  /** What is wrong, as the end of a sentence about the arguments; absent if there is no such tool. */
  argumentsProblem: Schema.optionalKey(Schema.String)
})

/** The parameters of a call of `invalidCallTool`. */
export type InvalidCall = typeof InvalidCall.Type

/** The tool that stands for calls that no tool can answer. It is never sent to the host. */
export const invalidCallTool: Tool.Any = Tool.make("kimi_invalid_tool_call", {
  parameters: InvalidCall,
  success: Schema.Never,
  failure: Schema.String,
  failureMode: "return"
})

/** What the model reads about a call that no tool can answer. */
export const describe = ({ argumentsProblem, name }: InvalidCall, available: ReadonlyArray<string>): string =>
  argumentsProblem === undefined
    ? `There is no tool named ${name}. The tools are: ${available.join(", ")}`
    : `The arguments of ${name} ${argumentsProblem}. Call it again with valid arguments.`
