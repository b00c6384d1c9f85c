/** Writes the events of a stream as the chunks of OpenAI's chat completions, which its clients read. */
import { type Category, table, type Tag } from "@kimi-effect/core/ErrorFacts"
import type { Finish, Start, StreamEvent, ToolCall, ToolCallDelta } from "@kimi-effect/core/StreamEvent"
import type { Usage } from "@kimi-effect/core/Usage"
import type { StreamFailure } from "./streamFailure.ts"

type Head = Pick<typeof Start.Type, "id" | "model" | "created">

const types: { readonly [C in Category]?: string } = {
  "rate limit": "rate_limit_reached_error",
  quota: "exceeded_current_quota_error",
  timeout: "timeout",
  validation: "invalid_request_error"
}

const isTag = (tag: string): tag is Tag => Object.hasOwn(table, tag)

/** The type by which clients of OpenAI's API, this one among them, decide about an error. Everything else is the server's fault. */
const typeOf = ({ error }: StreamFailure): string => {
  if (!isTag(error)) return "server_error"
  if (error === "ContentFilterError") return "content_filter"
  const { breaker, category } = table[error]
  // Of the refusals for too many calls, only overload is a failure of the host.
  if (category === "rate limit" && breaker === "failure") return "engine_overloaded_error"
  return types[category] ?? "server_error"
}

const usageOf = (usage: Usage): object => ({
  prompt_tokens: usage.prompt_tokens,
  completion_tokens: usage.completion_tokens,
  total_tokens: usage.total_tokens,
  prompt_tokens_details: { cached_tokens: usage.cached_tokens, cache_write_tokens: usage.cache_write_tokens },
  completion_tokens_details: { reasoning_tokens: usage.reasoning_tokens }
})

const data = (value: object): string => `data: ${JSON.stringify(value)}\n\n`

/** The writer of one response. */
export class OpenAiChunks {
  #head: Head = { id: "", model: "", created: 0 }
  #usage: Usage | undefined
  /** The choices that have begun: their first chunk names the role. */
  readonly #begun = new Set<number>()
  /** The arguments that were sent, by choice and index of their call. */
  readonly #arguments = new Map<string, string>()

  /** The text of an event; empty for one that has no chunk. `undefined` when the form cannot express it. */
  event(event: StreamEvent): string | undefined {
    switch (event._tag) {
      case "Start":
        this.#head = { id: event.id, model: event.model, created: event.created }
        return this.#delta(0, { content: "" })
      case "TextDelta":
        return this.#delta(event.choice, { content: event.text })
      case "ReasoningDelta":
        return this.#delta(event.choice, { reasoning_content: event.text })
      case "ToolCallDelta":
        return this.#toolCall(event, event, event.arguments)
      case "ToolCall":
        return this.#completeToolCall(event)
      case "Usage":
        this.#usage = event.usage
        return ""
      case "Finish":
        return this.#finish(event)
      // The chunks continue with those of the next attempt.
      case "Resume":
        return ""
      // What was sent cannot be taken back.
      case "Reset":
        return undefined
    }
  }

  /** The text of an error, which is the last one. */
  failure(failure: StreamFailure): string {
    return data(this.error(failure))
  }

  /** An error as the body of a response. */
  error(failure: StreamFailure): object {
    return { error: { message: failure.message, type: typeOf(failure), code: failure.error, param: null } }
  }

  #chunk(choices: ReadonlyArray<object>, members: object = {}): string {
    return data({ ...this.#head, object: "chat.completion.chunk", choices, ...members })
  }

  #delta(choice: number, delta: object): string {
    const role = this.#begun.has(choice) ? {} : { role: "assistant" }
    this.#begun.add(choice)
    return this.#chunk([{ index: choice, delta: { ...role, ...delta }, finish_reason: null }])
  }

  #toolCall(
    at: Pick<typeof ToolCallDelta.Type, "choice" | "index">,
    call: Pick<typeof ToolCallDelta.Type, "id" | "name">,
    text: string,
    type = "function"
  ): string {
    const key = `${at.choice}/${at.index}`
    const sent = this.#arguments.get(key)
    this.#arguments.set(key, `${sent ?? ""}${text}`)
    const piece =
      sent === undefined
        ? { index: at.index, id: call.id, type, function: { name: call.name, arguments: text } }
        : { index: at.index, function: { arguments: text } }
    return this.#delta(at.choice, { tool_calls: [piece] })
  }

  /** Sends what the deltas of a call did not: all of it, the rest of its arguments, or nothing. */
  #completeToolCall({ call, choice, index }: typeof ToolCall.Type): string {
    const sent = this.#arguments.get(`${choice}/${index}`)
    const complete = call.function.arguments
    if (sent === undefined) {
      return this.#toolCall({ choice, index }, { id: call.id, name: call.function.name }, complete, call.type)
    }
    return complete.length > sent.length && complete.startsWith(sent)
      ? this.#toolCall({ choice, index }, { id: call.id, name: call.function.name }, complete.slice(sent.length))
      : ""
  }

  #finish({ finishReason, finishReasons }: typeof Finish.Type): string {
    const reasons = finishReasons.length === 0 ? [finishReason] : finishReasons
    const ends = reasons.map((reason, index) => this.#chunk([{ index, delta: {}, finish_reason: reason }]))
    const usage = this.#usage === undefined ? "" : this.#chunk([], { usage: usageOf(this.#usage) })
    return `${ends.join("")}${usage}data: [DONE]\n\n`
  }
}
