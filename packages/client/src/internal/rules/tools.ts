/** Rules on tools: the list of tools, and the tool calls of the history. */
import { InvalidRequestError, ToolHistoryError, UnsupportedParameterError } from "@kimi-effect/core/ValidationErrors"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ToolDefinition } from "@kimi-effect/core/Tool"
import { type HistoryProblem, matchResults } from "./history.ts"
import { errorMembers, isThinking, type Problem, type Rule, type Target } from "./Rule.ts"

/** Source: Moonshot's tool-use guide. */
const maxTools = 128

const unsupported = (
  request: ModelRequest,
  target: Target,
  message: string,
  allowed: string,
  fix: string
): Problem => ({
  error: new UnsupportedParameterError({ ...errorMembers(request, target, message), parameter: "tools", allowed, fix })
})

/** Source: Moonshot's API reference. */
const moonshotName = /^[a-zA-Z_][a-zA-Z0-9_-]{0,255}$/

const invalidName = (request: ModelRequest, target: Target, parameter: string): Problem => ({
  error: new InvalidRequestError({
    ...errorMembers(
      request,
      target,
      `${parameter}: the host expects a tool name of a letter or _, then letters, digits, _ or -, at most 256 characters`
    ),
    parameter
  })
})

/** The tools of the request, and those that its messages load, each with its position. */
function* toolsOf({ messages, tools }: ModelRequest): Iterable<readonly [position: string, tool: ToolDefinition]> {
  for (const [index, tool] of (tools ?? []).entries()) yield [`tools[${index}]`, tool]
  for (const [at, message] of messages.entries()) {
    if (message.role !== "system") continue
    for (const [index, tool] of (message.tools ?? []).entries()) yield [`messages[${at}].tools[${index}]`, tool]
  }
}

/** Refuses a name that Moonshot does not accept. Other hosts have other rules. */
export const toolNames: Rule = (request, target) => {
  if (!target.provider.isMoonshot) return undefined
  for (const [position, tool] of toolsOf(request)) {
    if (tool.type === "function" && !moonshotName.test(tool.function.name)) {
      return invalidName(request, target, `${position}.function.name`)
    }
  }
  return undefined
}

/** Refuses too many tools, equal names, and tools of the host while thinking. */
export const toolList: Rule = (request, target) => {
  const { tools } = request
  if (tools === undefined) return undefined
  if (tools.length > maxTools && target.provider.isMoonshot) {
    return unsupported(
      request,
      target,
      `The request has ${tools.length} tools`,
      "at most 128",
      "Pass at most 128 tools."
    )
  }
  const names = new Set<string>()
  for (const [index, tool] of tools.entries()) {
    const { name } = tool.function
    if (names.has(name)) {
      return {
        error: new InvalidRequestError({
          ...errorMembers(request, target, `Two tools are named ${name.slice(0, 256)}`),
          parameter: `tools[${index}].function.name`
        })
      }
    }
    names.add(name)
    const isHosted = tool.type === "builtin_function" && target.provider.isMoonshot
    if (isHosted && target.knownModel !== undefined && isThinking(request, target.knownModel)) {
      return unsupported(
        request,
        target,
        `The host's tool ${name.slice(0, 256)} must not be combined with thinking`,
        "functions while thinking",
        'Set thinking to {"type":"disabled"} where the model allows it, or use the official tools as functions.'
      )
    }
  }
  return undefined
}

/** Refuses histories in which a tool call does not have exactly one result before the next message. */
export const toolHistory: Rule = (request, target) => {
  const { open, problem, repeated } = matchResults(request.messages)
  const refused = ({ index, message }: HistoryProblem): Problem => ({
    error: new ToolHistoryError({ ...errorMembers(request, target, message), parameter: `messages[${index}]` })
  })
  // Equal ids come before what they cause.
  const first = repeated ?? problem
  if (first !== undefined) return refused(first)
  return open.length === 0
    ? undefined
    : refused({ index: request.messages.length - 1, message: `${open.length} tool calls at the end have no result` })
}
