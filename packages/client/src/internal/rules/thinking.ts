/** Rules on thinking: how it is controlled, and what it excludes. */
import { MissingReasoningError, UnsupportedParameterError } from "@kimi-effect/core/ValidationErrors"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { type Capabilities, reasoningEfforts } from "@kimi-effect/core/ModelCatalog"
import { unreasonedCalls } from "./history.ts"
import { errorMembers, isThinking, type Problem, type Rule, type Target } from "./Rule.ts"

const efforts: ReadonlySet<string> = new Set(reasoningEfforts)
const effortList = reasoningEfforts.join(", ")

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

type Thinking = Capabilities["thinking"]

const withoutThinking = (request: ModelRequest): Problem["repair"] => {
  const { thinking: _, ...rest } = request
  return { request: rest, note: "removed thinking" }
}

/** Refuses `thinking` where the model has `reasoning_effort`, and switching it off where it is always on. */
const thinkingSwitch = (kind: Thinking, request: ModelRequest, target: Target): Problem | undefined => {
  const { thinking } = request
  if (kind === "effort" && thinking !== undefined) {
    return unsupported(request, target, "thinking", "absent", "Use reasoning_effort instead.", withoutThinking(request))
  }
  if (kind === "always" && thinking?.type === "disabled") {
    const fix = "Leave thinking out: this model always thinks."
    return unsupported(request, target, "thinking", "enabled", fix, withoutThinking(request))
  }
  return undefined
}

const thinkingKeep = (isSupported: boolean, request: ModelRequest, target: Target): Problem | undefined => {
  if (request.thinking?.keep !== "all" || isSupported) return undefined
  const { keep: _, ...kept } = request.thinking
  return unsupported(request, target, "thinking", "a switch without keep", "Leave thinking.keep out.", {
    request: { ...request, thinking: kept },
    note: "removed thinking.keep"
  })
}

const reasoningEffort = (kind: Thinking, request: ModelRequest, target: Target): Problem | undefined => {
  const effort = request.reasoning_effort
  if (kind !== "effort" || effort === undefined || efforts.has(effort)) return undefined
  const { reasoning_effort: _, ...rest } = request
  const allowed = effortList.replace(/, (?=\w+$)/, " or ")
  return unsupported(request, target, "reasoning_effort", allowed, `Use one of ${effortList}.`, {
    request: rest,
    note: "removed reasoning_effort"
  })
}

/** Refuses controls of thinking that the model does not have. */
export const thinkingControl: Rule = (request, target) => {
  const { knownModel } = target
  if (knownModel === undefined || !target.provider.isMoonshot) return undefined
  const { supportsThinkingKeep, thinking } = knownModel.capabilities
  return (
    thinkingSwitch(thinking, request, target) ??
    thinkingKeep(supportsThinkingKeep, request, target) ??
    reasoningEffort(thinking, request, target)
  )
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
  const index = unreasonedCalls(request.messages)
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
