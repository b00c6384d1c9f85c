/** Rules on tools: the list of tools, and the tool calls of the history. */
import { InvalidRequestError, ToolHistoryError, UnsupportedParameterError } from "@kimi-effect/core/ValidationErrors"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { Message, SystemMessage } from "@kimi-effect/core/Message"
import type { ToolDefinition } from "@kimi-effect/core/Tool"
import { hasText, type HistoryProblem, matchResults } from "./history.ts"
import { errorMembers, isThinking, type Problem, type Rule, type Target } from "./Rule.ts"

/** Source: Moonshot's tool-use guide. */
const maxTools = 128

const unsupported = (
  request: ModelRequest,
  target: Target,
  message: string,
  allowed: string,
  fix: string,
  parameter = "tools"
): Problem => ({
  error: new UnsupportedParameterError({ ...errorMembers(request, target, message), parameter, allowed, fix })
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

/** The tools that a message loads from its position on. */
const loadedBy = (message: Message): SystemMessage["tools"] =>
  message.role === "system" && message.tools !== undefined && message.tools.length > 0 ? message.tools : undefined

type PlacedTool = readonly [position: string, tool: ToolDefinition]

const noTools: ReadonlyArray<PlacedTool> = []

/** The tools of the request, and those that its messages load, each with its position. Most requests have none. */
const toolsOf = ({ messages, tools }: ModelRequest): Iterable<PlacedTool> =>
  tools === undefined && !messages.some(loadedBy) ? noTools : placed({ messages, tools })

function* placed({ messages, tools }: Pick<ModelRequest, "messages" | "tools">): Iterable<PlacedTool> {
  for (const [index, tool] of (tools ?? []).entries()) yield [`tools[${index}]`, tool]
  for (const [at, message] of messages.entries()) {
    for (const [index, tool] of (loadedBy(message) ?? []).entries()) yield [`messages[${at}].tools[${index}]`, tool]
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

const isTooLong = (list: ReadonlyArray<unknown> | undefined): list is ReadonlyArray<unknown> =>
  list !== undefined && list.length > maxTools

/** A list has at most so many tools; those that messages load exist to have more in all. */
const tooManyTools: Rule = (request, target) => {
  if (!target.provider.isMoonshot) return undefined
  const at = isTooLong(request.tools) ? -1 : request.messages.findIndex((message) => isTooLong(loadedBy(message)))
  const message = request.messages[at]
  const list = message === undefined ? request.tools : loadedBy(message)
  if (!isTooLong(list)) return undefined
  return unsupported(
    request,
    target,
    `The request has ${list.length} tools`,
    "at most 128",
    "Pass at most 128 tools.",
    message === undefined ? "tools" : `messages[${at}].tools`
  )
}

/** The tool of a call is found by its name. Source: the checks of dynamic tools in Moonshot's vendor verifier. */
const repeatedName: Rule = (request, target) => {
  const tools = toolsOf(request)
  if (tools === noTools) return undefined
  const names = new Set<string>()
  for (const [position, tool] of tools) {
    const { name } = tool.function
    if (names.has(name)) {
      return {
        error: new InvalidRequestError({
          ...errorMembers(request, target, `Two tools are named ${name.slice(0, 256)}`),
          parameter: `${position}.function.name`
        })
      }
    }
    names.add(name)
  }
  return undefined
}

const hostedTool: Rule = (request, target) => {
  const { knownModel, provider } = target
  if (!provider.isMoonshot || knownModel === undefined || !isThinking(request, knownModel)) return undefined
  const hosted = request.tools?.find(({ type }) => type === "builtin_function")
  if (hosted === undefined) return undefined
  return unsupported(
    request,
    target,
    `The host's tool ${hosted.function.name.slice(0, 256)} must not be combined with thinking`,
    "functions while thinking",
    'Set thinking to {"type":"disabled"} where the model allows it, or use the official tools as functions.'
  )
}

/** Refuses too many tools, equal names, and tools of the host while thinking. */
export const toolList: Rule = (request, target) =>
  tooManyTools(request, target) ?? repeatedName(request, target) ?? hostedTool(request, target)

/**
 * Refuses messages that load tools where the model does not support it, or
 * next to content. Source: Moonshot's guide to dynamic tool loading.
 */
export const loadedTools: Rule = (request, target) => {
  if (!target.provider.isMoonshot) return undefined
  const index = request.messages.findIndex((message) => loadedBy(message) !== undefined)
  const message = request.messages[index]
  if (message?.role !== "system") return undefined
  if (target.knownModel?.capabilities.dynamicTools === false) {
    const fix = "Pass the tools as tools of the request, or use kimi-k3."
    const parameter = `messages[${index}].tools`
    return unsupported(request, target, `${request.model} cannot load tools by a message`, "absent", fix, parameter)
  }
  return contentWithTools(request, target)
}

const contentWithTools: Rule = (request, target) => {
  const index = request.messages.findIndex((message) => loadedBy(message) !== undefined && hasText(message))
  const message = request.messages[index]
  if (message?.role !== "system") return undefined
  const { content, tools, ...rest } = message
  return {
    error: new InvalidRequestError({
      ...errorMembers(request, target, "A message that loads tools must not have content"),
      parameter: `messages[${index}].content`
    }),
    repair: {
      request: {
        ...request,
        messages: request.messages.toSpliced(index, 1, { ...rest, content }, { ...rest, tools })
      },
      note: `separated the content of messages[${index}] from its tools`
    }
  }
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
