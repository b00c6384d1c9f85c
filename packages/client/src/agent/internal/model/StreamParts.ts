/**
 * The events of a stream as parts, in the chunks in which the events arrived.
 *
 * Blocks of reasoning and text are ended before another part follows: an
 * unended block of reasoning is not stored in a prompt, and the host then
 * refuses the tool call after it. Tool calls are held back until the response
 * has ended, because a truncated response must run none.
 */
import { StreamInterruptedError } from "@kimi-effect/core/StreamErrors"
import type { Finish, Start, StreamEvent } from "@kimi-effect/core/StreamEvent"
import type { ToolCall } from "@kimi-effect/core/Tool"
import type { Usage } from "@kimi-effect/core/Usage"
import type * as Response from "effect/ai/Response"
import { type CallNames, toCallPart } from "./calls.ts"
import { finishPart, metadataPart } from "./finish.ts"

type Part = Response.StreamPartEncoded
type StartEvent = typeof Start.Type
type FinishEvent = typeof Finish.Type

/** What is known of a response when it has ended. */
export interface Ended {
  readonly start: StartEvent
  readonly finish: FinishEvent
  readonly usage: Usage | undefined
}

/** The parts of one response; it lives as long as its stream. */
export class StreamParts {
  readonly #names: CallNames
  readonly #fallbackId: string
  readonly #onEnd: (ended: Ended) => void
  #start: StartEvent | undefined
  #usage: Usage | undefined
  #isEstimate = false
  #block: { readonly kind: "text" | "reasoning"; readonly id: string } | undefined
  #blocks = 0
  /** The ids of the calls whose arguments are arriving, by index. */
  readonly #open = new Map<number, string>()
  readonly #calls = new Map<number, ToolCall>()
  #hasContent = false

  /** `fallbackId` identifies a response to which the host gives no id. */
  constructor(names: CallNames, fallbackId: string, onEnd: (ended: Ended) => void) {
    this.#names = names
    this.#fallbackId = fallbackId
    this.#onEnd = onEnd
  }

  /** The parts of the events of one chunk, or the error that ends the stream. */
  push(events: ReadonlyArray<StreamEvent>): Array<Part> | StreamInterruptedError {
    const parts: Array<Part> = []
    for (const event of events) {
      const error = this.#add(event, parts)
      if (error !== undefined) return error
    }
    return parts
  }

  get #id(): string {
    return this.#start === undefined || this.#start.id === "" ? this.#fallbackId : this.#start.id
  }

  #add(event: StreamEvent, parts: Array<Part>): StreamInterruptedError | undefined {
    if ("choice" in event && event.choice !== 0) return undefined
    switch (event._tag) {
      case "Start":
        this.#start = event
        parts.push(metadataPart(event, this.#id))
        return undefined
      case "TextDelta":
      case "ReasoningDelta":
        this.#addDelta(event, parts)
        return undefined
      case "ToolCallDelta":
        this.#addArguments(event, parts)
        return undefined
      case "ToolCall":
        this.#calls.set(event.index, event.call)
        return undefined
      case "Usage":
        this.#usage = event.usage
        this.#isEstimate = event.isEstimate === true
        return undefined
      case "Finish":
        this.#end(event, parts)
        return undefined
      case "Reset":
        return this.#reset(event.reason)
      case "Resume":
        return undefined
    }
  }

  #endBlock(parts: Array<Part>): void {
    if (this.#block === undefined) return
    parts.push({ type: `${this.#block.kind}-end`, id: this.#block.id })
    this.#block = undefined
  }

  #addDelta(event: Extract<StreamEvent, { _tag: "TextDelta" | "ReasoningDelta" }>, parts: Array<Part>): void {
    if (event.text === "") return
    const kind = event._tag === "TextDelta" ? "text" : "reasoning"
    if (this.#block?.kind !== kind) {
      this.#endBlock(parts)
      this.#block = { kind, id: `${kind}-${this.#blocks++}` }
      parts.push({ type: `${kind}-start`, id: this.#block.id })
    }
    this.#hasContent = true
    parts.push({ type: `${kind}-delta`, id: this.#block.id, delta: event.text })
  }

  #addArguments(event: Extract<StreamEvent, { _tag: "ToolCallDelta" }>, parts: Array<Part>): void {
    this.#endBlock(parts)
    this.#hasContent = true
    let id = this.#open.get(event.index)
    if (id === undefined) {
      id = this.#names.idOf(this.#id, event.id)
      this.#open.set(event.index, id)
      parts.push({ type: "tool-params-start", id, name: this.#names.toolOf(event.name)?.tool.name ?? event.name })
    }
    if (event.arguments !== "") parts.push({ type: "tool-params-delta", id, delta: event.arguments })
  }

  #end(finish: FinishEvent, parts: Array<Part>): void {
    this.#endBlock(parts)
    for (const id of this.#open.values()) parts.push({ type: "tool-params-end", id })
    const responseId = this.#id
    for (const [index, call] of this.#calls) {
      parts.push(toCallPart(call, this.#open.get(index) ?? this.#names.idOf(responseId, call.id), this.#names))
    }
    const { finishReason, warnings } = finish
    parts.push(
      finishPart(
        {
          finishReason,
          ...(warnings === undefined ? {} : { warnings }),
          ...(this.#isEstimate ? { isUsageEstimate: true as const } : {})
        },
        this.#usage
      )
    )
    if (this.#start !== undefined) this.#onEnd({ start: this.#start, finish, usage: this.#usage })
  }

  /** A consumer cannot take back the parts that it has received. */
  #reset(reason: string): StreamInterruptedError | undefined {
    if (this.#hasContent) {
      return new StreamInterruptedError({
        message: `The stream broke (${reason}) and started again, which the parts of a language model cannot express`
      })
    }
    this.#block = undefined
    this.#open.clear()
    this.#calls.clear()
    return undefined
  }
}
