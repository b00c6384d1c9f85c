/**
 * From the bytes of a stream to its events: one mutable machine per stream,
 * fed synchronously, so that an event costs no effect of its own.
 */
import { ChatCompletionChunk } from "@kimi-effect/core/ChatCompletionChunk"
import { ErrorBody, ErrorObject } from "@kimi-effect/core/internal/ErrorBody"
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import { EventTooLargeError, ResponseTooLargeError, ToolArgumentsTooLargeError } from "@kimi-effect/core/ResourceErrors"
import { StreamDecodeError, StreamTruncatedError } from "@kimi-effect/core/StreamErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Usage from "@kimi-effect/core/Usage"
import type * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { noContentError, reasoningOf } from "./decodeCompletion.ts"
import { type ErrorContext, fromErrorObject, responseIds } from "./mapError.ts"
import { parseRateStatus } from "./rateLimitHeaders.ts"
import { SseParser } from "./SseParser.ts"
import { maxToolCalls, ToolCallAssembler, toToolCall } from "./toolCalls.ts"

/** Bounds on what one stream may make us hold, in bytes. */
export interface SizeLimits {
  readonly maxResponseBytes: number
  readonly maxEventBytes: number
  readonly maxToolArgumentBytes: number
}

const decodeChunk = Schema.decodeUnknownSync(ChatCompletionChunk)
const decodeError = Schema.decodeUnknownOption(Schema.Union([ErrorBody, ErrorObject]))

/** Shared by all streams, as it keeps nothing between reads. A byte order mark is the parser's to take away. */
const sharedTextDecoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** More choices than any request may ask for; bounds what a hostile index can allocate. */
const maxChoices = 128

class ChoiceState {
  hasContent = false
  finishReason: string | undefined = undefined
  readonly toolCalls = new ToolCallAssembler()
}

type Chunk = typeof ChatCompletionChunk.Type
type ChunkChoice = NonNullable<Chunk["choices"]>[number]

/** Decodes one stream. */
export class StreamDecoder {
  /** Why the stream failed; nothing is decoded after it. */
  failure: StreamError | undefined = undefined
  /** Whether the host's end mark was seen. */
  isComplete = false

  #events: Array<StreamEvent> = []
  #isStarted = false
  #hasBodyEnded = false
  #byteCount = 0
  #model: string
  #usage: Usage.Usage | undefined = undefined
  readonly #choices: Array<ChoiceState> = []
  /** Made when a read ends inside a character; most end with an event. */
  #textDecoder: TextDecoder | undefined = undefined
  readonly #parser: SseParser
  readonly #context: ErrorContext & { readonly model: string }
  readonly #headers: Headers.Headers
  readonly #limits: SizeLimits
  readonly #ids: { requestId?: string; traceId?: string }

  constructor(call: ErrorContext & { readonly model: string }, headers: Headers.Headers, bounds: SizeLimits) {
    this.#context = call
    this.#headers = headers
    this.#limits = bounds
    this.#model = call.model
    this.#ids = responseIds(headers, call.secret)
    this.#parser = new SseParser((data, event) => this.#onData(data, event))
  }

  /** Decodes the next bytes of the body, which may begin and end anywhere. */
  feed(bytes: Uint8Array): void {
    if (this.failure !== undefined || this.isComplete) return
    this.#byteCount += bytes.length
    if (this.#byteCount > this.#limits.maxResponseBytes) {
      this.failure = new ResponseTooLargeError({
        ...this.#errorMembers("The stream is larger than allowed"),
        limit: this.#limits.maxResponseBytes
      })
      return
    }
    this.#parser.feed(this.#decode(bytes))
    if (this.#parser.pendingLength > this.#limits.maxEventBytes && this.failure === undefined && !this.isComplete) {
      this.#failTooLarge()
    }
  }

  /** The body has ended: fails unless the end mark was seen. */
  end(): void {
    if (this.failure !== undefined || this.isComplete) return
    // Some hosts leave out the blank line after the end mark. Anything else that is pending was cut off.
    this.#hasBodyEnded = true
    this.#parser.feed(`${this.#textDecoder?.decode() ?? ""}\n\n`)
    if (this.failure !== undefined || this.isComplete) return
    this.failure = new StreamTruncatedError(this.#errorMembers("The stream ended without its end mark"))
  }

  /** The events decoded since the last call. */
  take(): ReadonlyArray<StreamEvent> {
    const events = this.#events
    this.#events = []
    return events
  }

  #decode(bytes: Uint8Array): string {
    if (this.#textDecoder === undefined) {
      if ((bytes.at(-1) ?? 0) < 0x80) return sharedTextDecoder.decode(bytes)
      this.#textDecoder = new TextDecoder("utf-8", { ignoreBOM: true })
    }
    return this.#textDecoder.decode(bytes, { stream: true })
  }

  #errorMembers(message: string) {
    return { message, provider: this.#context.provider, model: this.#context.model, ...this.#ids }
  }

  #failTooLarge(): void {
    this.failure = new EventTooLargeError({
      ...this.#errorMembers("An event of the stream is larger than allowed"),
      limit: this.#limits.maxEventBytes
    })
  }

  #onData(data: string, event: string): void {
    if (this.failure !== undefined || this.isComplete || data === "") return
    if (data.length > this.#limits.maxEventBytes) return this.#failTooLarge()
    if (data === "[DONE]" || data.trim() === "[DONE]") return this.#finish()
    if (this.#hasBodyEnded) return
    let chunk: Chunk
    // Both throw, and a Result per event would cost more than the rest of the decoding.
    try {
      const json: unknown = JSON.parse(data)
      if (event === "error") return this.#onErrorObject(json)
      chunk = decodeChunk(json)
    } catch {
      if (event === "error") return this.#onErrorObject(data)
      this.failure = new StreamDecodeError(this.#errorMembers("An event of the stream is not a chunk"))
      return
    }
    this.#onChunk(chunk)
  }

  /** An error in place of a chunk: `{"error": …}`, or the bare object in an event of that name. */
  #onErrorObject(value: unknown): void {
    const decoded = typeof value === "string" ? { error: value } : Option.getOrUndefined(decodeError(value))
    const error = (decoded !== undefined && "error" in decoded ? decoded.error : decoded) ?? {}
    this.failure = fromErrorObject(typeof error === "string" ? { message: error } : error, this.#headers, this.#context)
  }

  #onChunk(chunk: Chunk): void {
    if (chunk.error !== undefined && chunk.error !== null) return this.#onErrorObject(chunk)
    if (!this.#isStarted) this.#start(chunk)
    const choices = chunk.choices
    if (choices !== undefined && choices !== null) {
      for (const choice of choices) {
        this.#onChoice(choice)
        if (this.failure !== undefined) return
      }
    }
    // The same figures come twice, and the later ones win.
    if (chunk.usage !== undefined && chunk.usage !== null) this.#usage = Usage.fromWire(chunk.usage)
  }

  #start(chunk: Chunk): void {
    this.#isStarted = true
    this.#model = chunk.model ?? this.#model
    const rateStatus = parseRateStatus(this.#headers)
    this.#events.push({
      _tag: "Start",
      id: chunk.id ?? "",
      model: this.#model,
      created: chunk.created ?? 0,
      provider: this.#context.provider,
      ...this.#ids,
      ...(rateStatus === undefined ? {} : { rateStatus })
    })
  }

  #onChoice(wire: ChunkChoice): void {
    const choice = wire.index ?? 0
    if (!Number.isInteger(choice) || choice < 0 || choice >= maxChoices) {
      this.failure = new StreamDecodeError(this.#errorMembers("A choice of the stream has an impossible index"))
      return
    }
    while (this.#choices.length <= choice) this.#choices.push(new ChoiceState())
    const state = this.#choices[choice] ?? new ChoiceState()
    const delta = wire.delta
    if (delta !== undefined && delta !== null) {
      const reasoning = reasoningOf(delta)
      if (reasoning !== "") {
        this.#events.push({ _tag: "ReasoningDelta", choice, text: reasoning })
      }
      if (delta.content) {
        state.hasContent = true
        this.#events.push({ _tag: "TextDelta", choice, text: delta.content })
      }
      if (delta.tool_calls) {
        for (const piece of delta.tool_calls) this.#onToolCall(state, choice, piece)
      }
    }
    if (wire.finish_reason) state.finishReason = wire.finish_reason
    if (wire.usage !== undefined && wire.usage !== null) this.#usage = Usage.fromWire(wire.usage)
  }

  #onToolCall(
    state: ChoiceState,
    choice: number,
    piece: NonNullable<NonNullable<ChunkChoice["delta"]>["tool_calls"]>[number]
  ): void {
    if (this.failure !== undefined) return
    state.hasContent = true
    const index = state.toolCalls.add(piece)
    const call = state.toolCalls.calls[index]
    if (call === undefined || state.toolCalls.calls.length > maxToolCalls) {
      this.failure = new StreamDecodeError(this.#errorMembers(`The stream holds more than ${maxToolCalls} tool calls`))
      return
    }
    if (call.arguments.length > this.#limits.maxToolArgumentBytes) {
      this.failure = new ToolArgumentsTooLargeError({
        ...this.#errorMembers("The arguments of a tool call are larger than allowed"),
        limit: this.#limits.maxToolArgumentBytes
      })
      return
    }
    this.#events.push({
      _tag: "ToolCallDelta",
      choice,
      index,
      id: call.id,
      name: call.name,
      arguments: piece.function?.arguments ?? ""
    })
  }

  #finish(): void {
    const [first] = this.#choices
    const finishReason = first?.finishReason ?? "unknown"
    const { message: _, ...common } = this.#errorMembers("")
    this.failure = noContentError(
      {
        hasContent: this.#choices.some((choice) => choice.hasContent),
        // Whoever folds the stream has the reasoning and attaches it to the error.
        reasoning: "",
        finishReason,
        completionTokens: this.#usage?.completion_tokens
      },
      common
    )
    if (this.failure !== undefined) return
    this.isComplete = true
    this.#choices.forEach(({ toolCalls }, choice) => {
      toolCalls.calls.forEach((call, index) => {
        this.#events.push({ _tag: "ToolCall", choice, index, call: toToolCall(call) })
      })
    })
    if (this.#usage !== undefined) this.#events.push({ _tag: "Usage", usage: this.#usage })
    this.#events.push({
      _tag: "Finish",
      finishReason,
      finishReasons: this.#choices.map((choice) => choice.finishReason ?? "unknown")
    })
  }
}
