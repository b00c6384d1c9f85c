/** Rules on thinking: how it is controlled, and what it excludes. */
import { MissingReasoningError, UnsupportedParameterError } from "@kimi-effect/core/ValidationErrors"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { errorMembers, isThinking, type Problem, type Rule, type Target } from "./Rule.ts"

const efforts = new Set(["low", "high", "max"])

const unsupported = (
  request: ModelRequest,
  target: Target,
  parameter: "thinking" | "reasoning_effort" | "tool_choice",
  allowed: string,
  fix: string,
  repair: Problem["repair"]
): Problem => ({
  error: new UnsupportedParameterError({
    ...errorMembers(request, target, `${request.model} accepts ${parameter} only as ${allowed}`),
    parameter,
    allowed,
    fix
  }),
  ...(repair === undefined ? {} : { repair })
})

/** Refuses controls of thinking that the model does not have. */
export const thinkingControl: Rule = (request, target) => {
  const { knownModel } = target
  if (knownModel === undefined || !target.provider.isMoonshot) return undefined
  const { thinking, reasoning_effort: effort } = request
  const kind = knownModel.capabilities.thinking
  const withoutThinking = () => {
    const { thinking: _, ...rest } = request
    return { request: rest, note: "removed thinking" }
  }
  if (kind === "effort" && thinking !== undefined) {
    return unsupported(request, target, "thinking", "absent", "Use reasoning_effort instead.", withoutThinking())
  }
  if (kind === "always" && thinking?.type === "disabled") {
    return unsupported(
      request,
      target,
      "thinking",
      "enabled",
      "Leave thinking out: this model always thinks.",
      withoutThinking()
    )
  }
  if (thinking?.keep === "all" && !knownModel.capabilities.supportsThinkingKeep) {
    const { keep: _, ...kept } = thinking
    return unsupported(request, target, "thinking", "a switch without keep", "Leave thinking.keep out.", {
      request: { ...request, thinking: kept },
      note: "removed thinking.keep"
    })
  }
  if (kind === "effort" && effort !== undefined && !efforts.has(effort)) {
    const { reasoning_effort: _, ...rest } = request
    return unsupported(request, target, "reasoning_effort", "low, high or max", "Use one of low, high, max.", {
      request: rest,
      note: "removed reasoning_effort"
    })
  }
  return undefined
}

/** Refuses a forced tool call where the model does not support it. */
export const forcedTool: Rule = (request, target) => {
  const { knownModel } = target
  const choice = request.tool_choice
  if (knownModel === undefined || !target.provider.isMoonshot || choice === undefined) return undefined
  if (choice === "auto" || choice === "none") return undefined
  const allowed =
    choice === "required" ? knownModel.capabilities.toolChoiceRequired : knownModel.capabilities.toolChoiceNamed
  if (allowed === "yes" || (allowed === "not thinking" && !isThinking(request, knownModel))) return undefined
  const values = knownModel.capabilities.toolChoiceRequired === "yes" ? "auto, none or required" : "auto or none"
  return unsupported(
    request,
    target,
    "tool_choice",
    values,
    allowed === "not thinking" ? 'Set thinking to {"type":"disabled"}, or use "auto".' : `Use ${values}.`,
    { request: { ...request, tool_choice: "auto" }, note: "set tool_choice to auto" }
  )
}

/** Refuses assistant messages that have tool calls and lack their reasoning. */
export const reasoningHistory: Rule = (request, target) => {
  const { knownModel } = target
  if (knownModel === undefined || !target.provider.isMoonshot || !isThinking(request, knownModel)) return undefined
  const index = request.messages.findIndex(
    (message) =>
      message.role === "assistant" && (message.tool_calls?.length ?? 0) > 0 && message.reasoning_content === undefined
  )
  if (index < 0) return undefined
  return {
    error: new MissingReasoningError({
      ...errorMembers(request, target, `The assistant message ${index} has tool calls but no reasoning_content`),
      parameter: `messages[${index}]`
    }),
    repair: {
      // An empty text satisfies the host's check; the reasoning itself is lost.
      request: {
        ...request,
        messages: request.messages.map((message, i) =>
          i === index && message.role === "assistant" ? { ...message, reasoning_content: "" } : message
        )
      },
      note: `added an empty reasoning_content to messages[${index}]`
    }
  }
}
