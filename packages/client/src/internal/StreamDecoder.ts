/**
 * Decodes the bytes of a stream into events. Mutable and synchronous, one per
 * stream, so that an event does not cost an effect.
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
import { noContentError } from "./decodeCompletion.ts"
import { type ErrorContext, fromErrorObject, responseIds } from "./mapError.ts"
import { parseRateStatus } from "./rateLimitHeaders.ts"
import { SseParser } from "./SseParser.ts"
import { type ChoiceProblem, StreamChoices } from "./StreamChoices.ts"
import { maxToolCalls } from "./toolCalls.ts"

/** Limits on the memory that one stream can use, in bytes. */
export interface SizeLimits {
  readonly maxResponseBytes: number
  readonly maxEventBytes: number
  readonly maxToolArgumentBytes: number
}

const decodeChunk = Schema.decodeUnknownSync(ChatCompletionChunk)
const decodeError = Schema.decodeUnknownOption(Schema.Union([ErrorBody, ErrorObject]))

/** Shared by all streams: it has no state between reads. The parser removes the byte order mark. */
const sharedTextDecoder = new TextDecoder("utf-8", { ignoreBOM: true })

type Chunk = typeof ChatCompletionChunk.Type

/** Decodes one stream. */
export class StreamDecoder {
  /** The error that ended the stream; nothing is decoded after it. */
  failure: StreamError | undefined = undefined
  /** Whether the end mark was received. */
  isComplete = false

  #events: Array<StreamEvent> = []
  #isStarted = false
  #hasBodyEnded = false
  #byteCount = 0
  #model: string
  #usage: Usage.Usage | undefined = undefined
  readonly #choices: StreamChoices
  /** Created when a read ends inside a character. Most reads end after an event. */
  #textDecoder: TextDecoder | undefined = undefined
  readonly #parser: SseParser
  readonly #context: ErrorContext & { readonly model: string }
  readonly #headers: Headers.Headers
  readonly #limits: SizeLimits
  readonly #ids: { requestId?: string; traceId?: string }

  constructor(call: ErrorContext & { readonly model: string }, headers: Headers.Headers, limits: SizeLimits) {
    this.#context = call
    this.#headers = headers
    this.#limits = limits
    this.#model = call.model
    this.#ids = responseIds(headers, call.secret)
    this.#choices = new StreamChoices(limits.maxToolArgumentBytes)
    this.#parser = new SseParser((data, event) => this.#onData(data, event))
  }

  /** Whether the body has been read to its end. */
  get hasBodyEnded(): boolean {
    return this.#hasBodyEnded
  }

  /** Decodes the next bytes of the body, which can start and end anywhere. */
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

  /** Ends the body: fails unless the end mark was received. */
  end(): void {
    if (this.failure !== undefined || this.isComplete) return
    // Some hosts omit the blank line after the end mark. Anything else that is pending is incomplete.
    this.#hasBodyEnded = true
    this.#parser.feed(`${this.#textDecoder?.decode() ?? ""}\n\n`)
    if (this.failure !== undefined || this.isComplete) return
    this.failure = new StreamTruncatedError(this.#errorMembers("The stream ended without its end mark"))
  }

  /** Returns the events decoded since the last call. */
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

  /** An error instead of a chunk: `{"error": …}`, or the bare object in an event named `error`. */
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
        const problem = this.#choices.add(choice, this.#events)
        if (problem !== undefined) return this.#failChoice(problem)
        if (choice.usage !== undefined && choice.usage !== null) this.#usage = Usage.fromWire(choice.usage)
      }
    }
    // Usage can be sent several times; the last one counts.
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

  #failChoice(problem: ChoiceProblem): void {
    switch (problem) {
      case "index":
        this.failure = new StreamDecodeError(this.#errorMembers("A choice of the stream has an invalid index"))
        return
      case "tool call count":
        this.failure = new StreamDecodeError(this.#errorMembers(`The stream has more than ${maxToolCalls} tool calls`))
        return
      case "argument size":
        this.failure = new ToolArgumentsTooLargeError({
          ...this.#errorMembers("The arguments of a tool call are larger than allowed"),
          limit: this.#limits.maxToolArgumentBytes
        })
    }
  }

  #finish(): void {
    const finishReasons = this.#choices.finishReasons
    const finishReason = finishReasons[0] ?? "unknown"
    const { message: _, ...common } = this.#errorMembers("")
    this.failure = noContentError(
      {
        hasContent: this.#choices.hasContent,
        // The caller folds the events, and adds the reasoning to the error.
        reasoning: "",
        finishReason,
        completionTokens: this.#usage?.completion_tokens
      },
      common
    )
    if (this.failure !== undefined) return
    this.isComplete = true
    this.#choices.finish(this.#events)
    if (this.#usage !== undefined) this.#events.push({ _tag: "Usage", usage: this.#usage })
    this.#events.push({ _tag: "Finish", finishReason, finishReasons })
  }
}
