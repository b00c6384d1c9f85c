/** How thinking may be asked for, and what it forbids. */
import { MissingReasoningError, UnsupportedParameterError } from "@kimi-effect/core/errors/ValidationErrors"
import type { ModelRequest } from "@kimi-effect/core/models/ChatRequest"
import { common, isThinking, type Problem, type Rule, type Target } from "./Rule.ts"

const efforts = new Set(["low", "high", "max"])

const problem = (
  request: ModelRequest,
  target: Target,
  parameter: "thinking" | "reasoning_effort" | "tool_choice",
  allowed: string,
  fix: string,
  repair: Problem["repair"]
): Problem => ({
  error: new UnsupportedParameterError({
    ...common(request, target, `${request.model} takes ${parameter} only as ${allowed}`),
    parameter,
    allowed,
    fix
  }),
  ...(repair === undefined ? {} : { repair })
})

/** The thinking switch, `keep` and the effort. */
export const thinkingControl: Rule = (request, target) => {
  const { known } = target
  if (known === undefined || !target.provider.isMoonshot) return undefined
  const { thinking, reasoning_effort: effort } = request
  const kind = known.abilities.thinking
  const withoutThinking = () => {
    const { thinking: _, ...rest } = request
    return { request: rest, note: "left out thinking" }
  }
  if (kind === "effort" && thinking !== undefined) {
    return problem(request, target, "thinking", "absent", "Use reasoning_effort instead.", withoutThinking())
  }
  if (kind === "always" && thinking?.type === "disabled") {
    return problem(request, target, "thinking", "enabled", "This model always thinks.", withoutThinking())
  }
  if (thinking?.keep === "all" && !known.abilities.keepsReasoning) {
    const { keep: _, ...kept } = thinking
    return problem(request, target, "thinking", "a switch without keep", "Leave thinking.keep out.", {
      request: { ...request, thinking: kept },
      note: "left out thinking.keep"
    })
  }
  if (kind === "effort" && effort !== undefined && !efforts.has(effort)) {
    const { reasoning_effort: _, ...rest } = request
    return problem(request, target, "reasoning_effort", "low, high or max", "Use one of low, high, max.", {
      request: rest,
      note: "left out reasoning_effort"
    })
  }
  return undefined
}

/** A forced tool while thinking. */
export const forcedTool: Rule = (request, target) => {
  const { known } = target
  const choice = request.tool_choice
  if (known === undefined || !target.provider.isMoonshot || choice === undefined) return undefined
  if (choice === "auto" || choice === "none") return undefined
  const allowed = choice === "required" ? known.abilities.toolChoiceRequired : known.abilities.toolChoiceNamed
  if (allowed === "yes" || (allowed === "not thinking" && !isThinking(request, known))) return undefined
  const values = known.abilities.toolChoiceRequired === "yes" ? "auto, none or required" : "auto or none"
  return problem(
    request,
    target,
    "tool_choice",
    values,
    allowed === "not thinking" ? 'Set thinking to {"type":"disabled"}, or use "auto".' : `Use ${values}.`,
    { request: { ...request, tool_choice: "auto" }, note: "set tool_choice to auto" }
  )
}

/** Reasoning that is missing beside tool calls. */
export const reasoningHistory: Rule = (request, target) => {
  const { known } = target
  if (known === undefined || !target.provider.isMoonshot || !isThinking(request, known)) return undefined
  const index = request.messages.findIndex(
    (message) =>
      message.role === "assistant" && (message.tool_calls?.length ?? 0) > 0 && message.reasoning_content === undefined
  )
  if (index < 0) return undefined
  return {
    error: new MissingReasoningError({
      ...common(request, target, `The assistant message ${index} has tool calls and no reasoning_content`),
      parameter: `messages[${index}]`
    }),
    repair: {
      // An empty text satisfies the host's check; what the model had thought is lost.
      request: {
        ...request,
        messages: request.messages.map((message, i) =>
          i === index && message.role === "assistant" ? { ...message, reasoning_content: "" } : message
        )
      },
      note: `gave messages[${index}] an empty reasoning_content`
    }
  }
}
