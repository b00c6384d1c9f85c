/**
 * Rejects the tools that Kimi rejects: functions of the same name, and parameters
 * that are not Moonshot-flavored JSON Schema. One wrong tool rejects the whole
 * request.
 *
 * The messages are those of recorded rejections.
 */
import { findSchemaProblem } from "@kimi-effect/client/internal/moonshotSchema"
import type { ChatCompletionRequest } from "@kimi-effect/core/ChatRequest"

type Tools = NonNullable<(typeof ChatCompletionRequest.Type)["tools"]>

const checkParameters = (parameters: { readonly [keyword: string]: unknown }): string | undefined => {
  if (parameters["type"] !== "object") {
    return 'Invalid request: tools.function.parameters.type is required and must be "object"'
  }
  const problem = findSchemaProblem(parameters)
  return problem === undefined
    ? undefined
    : "Invalid request: tools.function.parameters is not a valid moonshot flavored json schema, details: " +
        `<At path '${problem.path}': ${problem.reason}>`
}

/** The message of the rejection, if the tools are rejected. */
export const checkTools = (tools: Tools): string | undefined => {
  const names = new Set<string>()
  for (const tool of tools) {
    if (tool.type !== "function") continue
    const { name, parameters } = tool.function
    if (names.has(name)) return `Invalid request: function name ${name} is duplicated`
    names.add(name)
    const message = parameters === undefined ? undefined : checkParameters(parameters)
    if (message !== undefined) return message
  }
  return undefined
}
