/** Converts a completion of the API to a `ChatResponse`, or to an error if it has no content. */
import { EmptyResponseError, ReasoningBudgetExhaustedError } from "@kimi-effect/core/ProviderErrors"
import { ContentFilterError } from "@kimi-effect/core/ValidationErrors"
import type { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import { ChatResponse, type Choice } from "@kimi-effect/core/ChatResponse"
import type { RateStatus } from "@kimi-effect/core/RateStatus"
import type { ToolCall } from "@kimi-effect/core/Tool"
import * as Usage from "@kimi-effect/core/Usage"
import { UniqueIds } from "./toolCalls.ts"

/** A complete response without content. */
export type NoContentError = EmptyResponseError | ReasoningBudgetExhaustedError | ContentFilterError

/** Summary of a complete response. */
export interface CompletionSummary {
  readonly hasContent: boolean
  readonly reasoning: string
  readonly finishReason: string
  readonly completionTokens: number | undefined
}

/** The error of a complete response without text and tool calls; `undefined` if it has either. */
export const noContentError = (
  outcome: CompletionSummary,
  common: { readonly provider: string; readonly model: string; readonly requestId?: string; readonly traceId?: string }
): NoContentError | undefined => {
  if (outcome.hasContent) return undefined
  const partial =
    outcome.reasoning === "" ? {} : { partial: { content: "", reasoning_content: outcome.reasoning, tool_calls: [] } }
  switch (outcome.finishReason) {
    case "content_filter":
      return new ContentFilterError({ ...common, ...partial, message: "The host filtered the whole response" })
    case "length":
      return new ReasoningBudgetExhaustedError({
        ...common,
        ...partial,
        message: "The output limit was reached before the response began",
        ...(outcome.completionTokens === undefined ? {} : { completionTokens: outcome.completionTokens })
      })
    default:
      return new EmptyResponseError({
        ...common,
        ...partial,
        message: "The response has neither text nor tool calls",
        finishReason: outcome.finishReason.slice(0, 64)
      })
  }
}

interface ReasoningMembers {
  readonly reasoning_content?: string | null
  readonly reasoning?: string | null
  readonly reasoning_details?: ReadonlyArray<{ readonly text?: string | null; readonly summary?: string | null }> | null
}

/** The reasoning, in any of the forms that hosts use. */
export const reasoningOf = (members: ReasoningMembers): string =>
  members.reasoning_content ??
  members.reasoning ??
  members.reasoning_details?.map((part) => part.text ?? part.summary ?? "").join("") ??
  ""

type WireChoice = ChatCompletion["choices"][number]

const toToolCalls = (choice: WireChoice): ReadonlyArray<ToolCall> => {
  const calls: Array<ToolCall> = []
  const ids = new UniqueIds()
  for (const {
    id,
    type,
    function: { name, arguments: args }
  } of choice.message.tool_calls ?? []) {
    calls.push({
      id: ids.makeUnique(id ?? ""),
      type: type ?? "function",
      function: { name: name ?? "", arguments: args ?? "" }
    })
  }
  return calls
}

const toChoice = (choice: WireChoice, position: number): Choice => {
  const reasoning = reasoningOf(choice.message)
  const calls = toToolCalls(choice)
  return {
    index: choice.index ?? position,
    message: {
      role: "assistant",
      content: choice.message.content ?? "",
      ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
      ...(calls.length === 0 ? {} : { tool_calls: calls })
    },
    finish_reason: choice.finish_reason ?? "unknown"
  }
}

interface ResponseHead {
  readonly provider: string
  readonly requestId?: string
  readonly traceId?: string
}

const usageOf = ({ choices, usage }: ChatCompletion): Usage.Usage | undefined => {
  const wire = usage ?? choices[0]?.usage
  return wire === undefined || wire === null ? undefined : Usage.fromWire(wire)
}

const hasContent = ({ message }: Choice): boolean => message.content !== "" || message.tool_calls !== undefined

const summarize = (choices: ReadonlyArray<Choice>, usage: Usage.Usage | undefined): CompletionSummary => ({
  hasContent: choices.some(hasContent),
  reasoning: choices[0]?.message.reasoning_content ?? "",
  finishReason: choices[0]?.finish_reason ?? "unknown",
  completionTokens: usage?.completion_tokens
})

/** The response, or the error if it has no content. `head` has the host's name and ids. */
export const fromCompletion = (
  wire: ChatCompletion,
  head: ResponseHead,
  requestedModel: string,
  rateStatus?: RateStatus
): ChatResponse | NoContentError => {
  const choices = wire.choices.map(toChoice)
  const usage = usageOf(wire)
  const error = noContentError(summarize(choices, usage), { ...head, model: requestedModel })
  const [first, ...rest] = choices
  if (error !== undefined || first === undefined) return error ?? noChoicesError(head, requestedModel)
  return new ChatResponse(
    {
      ...head,
      id: wire.id ?? "",
      model: wire.model ?? requestedModel,
      created: wire.created ?? 0,
      choices: [first, ...rest],
      ...(usage === undefined ? {} : { usage }),
      ...(rateStatus === undefined ? {} : { rateStatus })
    },
    // All members come from decoded parts.
    { disableChecks: true }
  )
}

const noChoicesError = (head: ResponseHead, model: string): NoContentError =>
  new EmptyResponseError({ ...head, model, message: "The response has no choices" })
