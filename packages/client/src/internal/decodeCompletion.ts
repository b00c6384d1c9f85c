/** Converts a completion of the API to a `ChatResponse`, or to an error if it has no content. */
import {
  EmptyResponseError,
  MalformedOutputError,
  ReasoningBudgetExhaustedError
} from "@kimi-effect/core/ProviderErrors"
import { ContentFilterError } from "@kimi-effect/core/ValidationErrors"
import type { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import type { ChatResponse, Choice } from "@kimi-effect/core/ChatResponse"
import * as DecodedResponse from "@kimi-effect/core/internal/DecodedResponse"
import { toFinishReason } from "@kimi-effect/core/internal/HostWords"
import type { Message } from "@kimi-effect/core/Message"
import type { PartialResponse } from "@kimi-effect/core/PartialResponse"
import type { RateStatus } from "@kimi-effect/core/RateStatus"
import type { ToolCall } from "@kimi-effect/core/Tool"
import * as Usage from "@kimi-effect/core/Usage"
import { type MarkupCall, type MarkupPolicy, mayHoldMarkup } from "./MarkupPolicy.ts"
import type { MarkupSink } from "./MarkupChannel.ts"
import { MarkupScanner } from "./MarkupScanner.ts"
import { UniqueIds } from "./toolCalls.ts"

/** A complete response without content. */
export type NoContentError = EmptyResponseError | ReasoningBudgetExhaustedError | ContentFilterError

/** What the host reported of a response: it was generated, so it is billed. */
type Billed = Pick<PartialResponse, "usage" | "model">

/** Summary of a complete response. */
export interface CompletionSummary {
  readonly hasContent: boolean
  readonly reasoning: string
  /** A word that is safe to show, of `finishWord`. */
  readonly finishReason: string
  readonly completionTokens: number | undefined
  /** What the error reports in its partial response. */
  readonly billed?: Billed | undefined
}

const billedOf = (usage: Usage.Usage | undefined, servedModel: string | undefined): Billed => ({
  ...(usage === undefined
    ? {}
    : { usage: { prompt_tokens: usage.prompt_tokens, completion_tokens: usage.completion_tokens } }),
  ...(servedModel === undefined ? {} : { model: servedModel })
})

/** The error of a complete response without text and tool calls; `undefined` if it has either. */
export const noContentError = (
  outcome: CompletionSummary,
  common: { readonly provider: string; readonly model: string; readonly requestId?: string; readonly traceId?: string }
): NoContentError | undefined => {
  if (outcome.hasContent) return undefined
  const { billed, completionTokens, reasoning } = outcome
  const partial =
    reasoning === "" && billed?.usage === undefined
      ? {}
      : { partial: { content: "", reasoning_content: reasoning, tool_calls: [], ...billed } }
  switch (outcome.finishReason) {
    case "content_filter":
      return new ContentFilterError({ ...common, ...partial, message: "The host filtered the whole response" })
    case "length":
      return new ReasoningBudgetExhaustedError({
        ...common,
        ...partial,
        message: "The output limit was reached before the response began",
        ...(completionTokens === undefined ? {} : { completionTokens })
      })
    default:
      return new EmptyResponseError({
        ...common,
        ...partial,
        message: "The response has neither text nor tool calls",
        finishReason: outcome.finishReason
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
  // An empty member of one dialect must not hide the filled one of another.
  members.reasoning_content ||
  members.reasoning ||
  members.reasoning_details?.map((part) => part.text || part.summary || "").join("") ||
  ""

/** The finish reason of a choice whose text is a refusal. A more specific reason of the host is kept. */
export const refusalReason = (reason: string | null | undefined): string =>
  reason === undefined || reason === null || reason === "" || reason === "stop" ? "refusal" : reason

/** The finish reason of a host; the older form of the API has another word for calls. */
export const knownReason = (reason: string | null | undefined): string | null | undefined =>
  reason === "function_call" ? "tool_calls" : reason

/** A finish reason for errors: hosts can put any text into it. */
export const finishWord = (reason: string | undefined, messages: ReadonlyArray<Message> | undefined): string =>
  (reason === undefined ? undefined : toFinishReason(reason, messages)) ?? "unknown"

type WireChoice = ChatCompletion["choices"][number]

const readToolCalls = (
  message: WireChoice["message"],
  markupCalls: ReadonlyArray<MarkupCall>
): ReadonlyArray<ToolCall> => {
  const calls: Array<ToolCall> = []
  const ids = new UniqueIds()
  for (const {
    id,
    type,
    function: { name, arguments: args }
  } of message.tool_calls ?? []) {
    // Some hosts send empty entries next to text.
    if (!id && !name && !args) continue
    calls.push({
      id: ids.makeUnique(id ?? ""),
      type: type ?? "function",
      function: { name: name ?? "", arguments: args ?? "" }
    })
  }
  for (const { arguments: args, id, name } of markupCalls) {
    const isKnown = calls.some(({ function: called }) => called.name === name && called.arguments.trim() === args)
    if (!isKnown) calls.push({ id: ids.makeUnique(id), type: "function", function: { name, arguments: args } })
  }
  return calls
}

const toToolCalls = (message: WireChoice["message"], markupCalls: ReadonlyArray<MarkupCall>): ReadonlyArray<ToolCall> =>
  message.tool_calls === undefined && markupCalls.length === 0 ? [] : readToolCalls(message, markupCalls)

/** A choice as it is read, and what is wrong with it. */
interface ReadChoice {
  readonly choice: Choice
  readonly problem: MalformedOutput | undefined
  readonly warnings: Iterable<string>
}

/** The two texts of a message without the markup of the model. */
const scanMarkup = (message: WireChoice["message"], finishReason: string, markup: MarkupPolicy) => {
  const texts = { content: message.content ?? "", reasoning: reasoningOf(message) }
  if (markup.mode === "keep" || !mayHoldMarkup(texts.content + texts.reasoning)) {
    return { texts, calls: [], problem: undefined, warnings: [] }
  }
  const scanner = new MarkupScanner(markup)
  const result = { content: "", reasoning: "" }
  const sink: MarkupSink = (channel, text) => {
    result[channel] += text
  }
  const whole = scanner.splitWhole(texts)
  scanner.feed("reasoning", whole.reasoning, sink)
  scanner.feed("content", whole.content, sink)
  scanner.finish(finishReason, (message.tool_calls?.length ?? 0) > 0, sink)
  return { texts: result, calls: scanner.calls, problem: scanner.problem, warnings: scanner.warnings }
}

const toChoice = (wire: WireChoice, position: number, markup: MarkupPolicy): ReadChoice => {
  const { message } = wire
  const finishReason = knownReason(wire.finish_reason) ?? "unknown"
  const { calls: markupCalls, problem, texts, warnings } = scanMarkup(message, finishReason, markup)
  const calls = toToolCalls(message, markupCalls)
  const refusal = message.refusal ?? ""
  const isStop = finishReason === "stop" || finishReason === "unknown"
  const choice: Choice = {
    index: wire.index ?? position,
    message: {
      role: "assistant",
      content: texts.content + refusal,
      ...(texts.reasoning === "" ? {} : { reasoning_content: texts.reasoning }),
      ...(calls.length === 0 ? {} : { tool_calls: calls })
    },
    finish_reason:
      refusal !== ""
        ? refusalReason(wire.finish_reason)
        : isStop && markupCalls.length > 0
          ? "tool_calls"
          : finishReason
  }
  return { choice, problem: problemOf(problem, calls), warnings }
}

const problemOf = (markup: string | undefined, calls: ReadonlyArray<ToolCall>): MalformedOutput | undefined => {
  if (markup !== undefined) return { _tag: "markup", message: markup }
  return calls.some((call) => call.function.name === "")
    ? { _tag: "tool call", message: "A tool call has no name" }
    : undefined
}

/** Why output cannot be read. */
export interface MalformedOutput {
  readonly _tag: "markup" | "tool call"
  readonly message: string
}

/** The message of the error for such output. */
export const malformedMessage = ({ _tag, message }: MalformedOutput): string =>
  _tag === "markup" ? `The host left markup of the model in the response: ${message}` : message

const toPartial = ({ message }: Choice, billed: Billed): PartialResponse => ({
  content: message.content,
  reasoning_content: message.reasoning_content ?? "",
  tool_calls: (message.tool_calls ?? []).map(({ id, function: { name, arguments: args } }) => ({
    id,
    name,
    arguments: args
  })),
  ...billed
})

const malformedError = (
  choices: ReadonlyArray<ReadChoice>,
  head: ResponseHead,
  model: string,
  billed: Billed,
  messages: ReadOptions["messages"]
): MalformedOutputError | undefined => {
  const found = choices.find(({ problem }) => problem !== undefined)
  if (found?.problem === undefined) return undefined
  return new MalformedOutputError({
    ...head,
    model,
    message: malformedMessage(found.problem),
    reason: found.problem._tag,
    finishReason: finishWord(found.choice.finish_reason, messages),
    partial: toPartial(found.choice, billed)
  })
}

interface ResponseHead {
  readonly provider: string
  readonly requestId?: string
  readonly traceId?: string
}

const usageOf = ({ choices, usage }: ChatCompletion): Usage.Usage | undefined =>
  Usage.mostComplete(Usage.fromReport(choices[0]?.usage), Usage.fromReport(usage))

const hasContent = ({ message }: Choice): boolean => message.content !== "" || message.tool_calls !== undefined

const summarize = (
  choices: ReadonlyArray<Choice>,
  usage: Usage.Usage | undefined,
  billed: Billed,
  messages: ReadOptions["messages"]
): CompletionSummary => ({
  hasContent: choices.some(hasContent),
  reasoning: choices[0]?.message.reasoning_content ?? "",
  finishReason: finishWord(choices[0]?.finish_reason, messages),
  completionTokens: usage?.completion_tokens,
  billed
})

/** How a completion is read. */
export interface ReadOptions {
  /** By default, markup is kept. */
  readonly markup?: MarkupPolicy
  /** What was converted or left out before. */
  readonly warnings?: ReadonlyArray<string>
  /** The conversation, which no error quotes. */
  readonly messages?: ReadonlyArray<Message> | undefined
}

/** The model as the host names it, and as the request does if it differs. */
export const modelMembers = (model: string, requestedModel: string) =>
  model === requestedModel ? { model } : { model, requestedModel }

const warningsOf = (choices: ReadonlyArray<ReadChoice>, { warnings }: ReadOptions) => {
  const all = new Set(warnings)
  for (const choice of choices) for (const warning of choice.warnings) all.add(warning)
  return all.size === 0 ? {} : { warnings: [...all] }
}

const keepMarkup: MarkupPolicy = { mode: "keep", isStrict: true }

/** The response, or the error if it has no content. `head` has the host's name and ids. */
export const fromCompletion = (
  wire: ChatCompletion,
  head: ResponseHead,
  requestedModel: string,
  rateStatus?: RateStatus,
  options: ReadOptions = {}
): ChatResponse | NoContentError | MalformedOutputError => {
  const read = wire.choices.map((choice, position) => toChoice(choice, position, options.markup ?? keepMarkup))
  const choices = read.map(({ choice }) => choice)
  const usage = usageOf(wire)
  const members = modelMembers(wire.model || requestedModel, requestedModel)
  const billed = billedOf(usage, "requestedModel" in members ? members.model : undefined)
  const malformed = malformedError(read, head, requestedModel, billed, options.messages)
  if (malformed !== undefined) return malformed
  const warnings = warningsOf(read, options)
  const error = noContentError(summarize(choices, usage, billed, options.messages), { ...head, model: requestedModel })
  const [first, ...rest] = choices
  if (error !== undefined || first === undefined) return error ?? noChoicesError(head, requestedModel)
  return DecodedResponse.make({
    ...head,
    id: wire.id ?? "",
    ...members,
    created: wire.created ?? 0,
    choices: [first, ...rest],
    ...(usage === undefined ? {} : { usage }),
    ...(rateStatus === undefined ? {} : { rateStatus }),
    ...warnings
  })
}

const noChoicesError = (head: ResponseHead, model: string): NoContentError =>
  new EmptyResponseError({ ...head, model, message: "The response has no choices" })
