/** Tools on offer, and whether the history answers every call. */
import { InvalidRequestError, ToolHistoryError, UnsupportedParameterError } from "@kimi-effect/core/ValidationErrors"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
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

/** Number and names of tools, and tools of the host beside thinking. */
export const toolList: Rule = (request, target) => {
  const { tools } = request
  if (tools === undefined) return undefined
  if (tools.length > maxTools && target.provider.isMoonshot) {
    return unsupported(request, target, `${tools.length} tools are offered`, "at most 128", "Offer at most 128 tools.")
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

/** Every call answered exactly once, before anything else is said. */
export const toolHistory: Rule = (request, target) => {
  const broken = (index: number, message: string): Problem => ({
    error: new ToolHistoryError({ ...errorMembers(request, target, message), parameter: `messages[${index}]` })
  })
  const open = new Set<string>()
  for (const [index, message] of request.messages.entries()) {
    if (message.role === "tool") {
      if (!open.delete(message.tool_call_id)) {
        return broken(index, `The tool message ${index} answers no open tool call`)
      }
      continue
    }
    if (open.size > 0) return broken(index, `${open.size} tool calls are not answered before message ${index}`)
    if (message.role !== "assistant") continue
    for (const call of message.tool_calls ?? []) {
      if (open.has(call.id)) return broken(index, `Two tool calls of message ${index} have the same id`)
      open.add(call.id)
    }
  }
  return open.size === 0
    ? undefined
    : broken(request.messages.length - 1, `${open.size} tool calls at the end are not answered`)
}
