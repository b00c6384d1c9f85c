/**
 * A prompt as a history that the host accepts.
 *
 * The history is built again for every request. A prompt can hold calls without
 * results (an approval that was never given, a tool that was interrupted), results
 * far from their calls and calls without their reasoning; the host refuses all
 * three, and would refuse the conversation for ever.
 */
import type { UnsupportedMediaError } from "@kimi-effect/core/ValidationErrors"
import type { AssistantMessage, ContentPart, Message } from "@kimi-effect/core/Message"
import type { ToolCall } from "@kimi-effect/core/Tool"
import type * as Prompt from "effect/ai/Prompt"
import * as Result from "effect/Result"
import { resultsOf } from "./history.ts"
import { toContentPart } from "./media.ts"
import { toWire } from "./ToolCallMetadata.ts"

/** How the model of a request uses the reasoning of earlier turns. */
export interface Reasoning {
  /** Whether reasoning is sent back at all: models that do not think refuse it. */
  readonly isSent: boolean
  /** Whether a message with tool calls needs it. */
  readonly isRequired: boolean
}

/** The messages, and how many of them have lost their reasoning. */
export interface History {
  readonly messages: ReadonlyArray<Message>
  /** Messages with tool calls whose reasoning is gone. They are sent with an empty one. */
  readonly withoutReasoning: number
}

type Content = string | ReadonlyArray<ContentPart>
type Failure = UnsupportedMediaError
type ResultOf = ReturnType<typeof resultsOf>

/** The result of a call that has none. The model reads it. */
const notRun = "This call was not run."

const contentOf = (parts: ReadonlyArray<Prompt.TextPart | Prompt.FilePart>): Result.Result<Content, Failure> => {
  if (parts.length === 1 && parts[0]?.type === "text") return Result.succeed(parts[0].text)
  const content: Array<ContentPart> = []
  for (const part of parts) {
    if (part.type === "file") {
      const converted = toContentPart(part)
      if (Result.isFailure(converted)) return Result.fail(converted.failure)
      content.push(converted.success)
    } else if (part.text !== "") {
      // The host refuses empty pieces of text.
      content.push({ type: "text", text: part.text })
    }
  }
  return Result.succeed(content)
}

const resultContent = (result: Prompt.ToolResultPart | undefined): Result.Result<Content, Failure> => {
  if (result === undefined) return Result.succeed(notRun)
  if (result.modelOutput !== undefined) return contentOf(result.modelOutput)
  if (typeof result.result === "string") return Result.succeed(result.result)
  return Result.succeed(JSON.stringify(result.result) ?? "")
}

interface Turn {
  readonly message: AssistantMessage
  readonly results: ReadonlyArray<Message>
  readonly isWithoutReasoning: boolean
}

/** A call that the host has run by itself: its result is its own arguments, sent back unchanged. */
const echo = (call: ToolCall): Message => ({
  role: "tool",
  tool_call_id: call.id,
  content: call.function.arguments,
  name: call.function.name
})

const typeOf = (name: string): string => (name.startsWith("$") ? "builtin_function" : "function")

const collectTurn = (content: ReadonlyArray<Prompt.AssistantMessagePart>, resultOf: ResultOf) => {
  let text = ""
  let reasoning: string | undefined
  const calls: Array<ToolCall> = []
  const results: Array<Message> = []
  for (const part of content) {
    if (part.type === "text") text += part.text
    if (part.type === "reasoning") reasoning = (reasoning ?? "") + part.text
    if (part.type !== "tool-call") continue
    const { id, name, arguments: args } = toWire(part)
    const call = { id, type: typeOf(name), function: { name, arguments: args } }
    calls.push(call)
    const result = resultOf(part.id)
    if (part.providerExecuted) {
      results.push(echo(call))
      continue
    }
    const converted = resultContent(result)
    if (Result.isFailure(converted)) return Result.fail(converted.failure)
    results.push({ role: "tool", tool_call_id: id, content: converted.success })
  }
  return Result.succeed({ text, reasoning, calls, results })
}

/** A message of the model and the results of its calls, or none when it is empty. */
const turnOf = (
  content: ReadonlyArray<Prompt.AssistantMessagePart>,
  resultOf: ResultOf,
  { isRequired, isSent }: Reasoning
): Result.Result<Turn | undefined, Failure> =>
  Result.map(collectTurn(content, resultOf), ({ calls, reasoning, results, text }) => {
    if (text === "" && calls.length === 0) return undefined
    const isWithoutReasoning = calls.length > 0 && reasoning === undefined && isRequired
    // An empty text satisfies the host's check; the reasoning itself is lost.
    const sent = isWithoutReasoning ? "" : reasoning
    const message: AssistantMessage = {
      role: "assistant",
      content: text,
      ...(isSent && sent !== undefined ? { reasoning_content: sent } : {}),
      ...(calls.length === 0 ? {} : { tool_calls: calls })
    }
    return { message, results, isWithoutReasoning }
  })

/** The messages of a prompt, in the form of the host. */
export const toHistory = (prompt: Prompt.Prompt, reasoning: Reasoning): Result.Result<History, Failure> => {
  const messages: Array<Message> = []
  const resultOf = resultsOf(prompt.content)
  let withoutReasoning = 0
  for (const message of prompt.content) {
    // Results follow their calls.
    if (message.role === "tool") continue
    if (message.role === "system") {
      messages.push({ role: "system", content: message.content })
    } else if (message.role === "user") {
      const content = contentOf(message.content)
      if (Result.isFailure(content)) return Result.fail(content.failure)
      messages.push({ role: "user", content: content.success })
    } else {
      const turn = turnOf(message.content, resultOf, reasoning)
      if (Result.isFailure(turn)) return Result.fail(turn.failure)
      if (turn.success === undefined) continue
      if (turn.success.isWithoutReasoning) withoutReasoning++
      messages.push(turn.success.message, ...turn.success.results)
    }
  }
  return Result.succeed({ messages, withoutReasoning })
}
