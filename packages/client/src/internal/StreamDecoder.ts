/**
 * Decodes the bytes of a stream into events. Mutable and synchronous, one per
 * stream, so that an event does not cost an effect.
 */
import { ChatCompletionChunk } from "@kimi-effect/core/ChatCompletionChunk"
import type { Values } from "@kimi-effect/core/KimiConfig"
import { ErrorBody, ErrorObject } from "@kimi-effect/core/internal/ErrorBody"
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import { EventTooLargeError, ResponseTooLargeError, ToolArgumentsTooLargeError } from "@kimi-effect/core/ResourceErrors"
import { MalformedOutputError } from "@kimi-effect/core/ProviderErrors"
import { StreamDecodeError, StreamTruncatedError } from "@kimi-effect/core/StreamErrors"
import type { Finish, StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Usage from "@kimi-effect/core/Usage"
import type * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { malformedMessage, noContentError } from "./decodeCompletion.ts"
import { chunkFrom, Warnings } from "./lenientBody.ts"
import { type ErrorContext, fromErrorObject, responseIds } from "./mapError.ts"
import { parseRateStatus } from "./rateLimitHeaders.ts"
import { SseParser } from "./SseParser.ts"
import { type ChoiceProblem, StreamChoices } from "./StreamChoices.ts"
import { maxToolCalls, type ToolNames } from "./toolCalls.ts"

/** How a stream is decoded: limits on the memory that it can use, in bytes, and what is done with markup. */
export type DecodeOptions = Pick<Values, "maxResponseBytes" | "maxEventBytes" | "maxToolArgumentBytes" | "markup">

/** The call of a stream. */
export interface StreamContext extends ErrorContext {
  readonly model: string
  readonly toolNames?: ToolNames | undefined
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
  #id: string | undefined = undefined
  #model: string | undefined = undefined
  #created: number | undefined = undefined
  /** What was sent only after `Start`. */
  #late: Partial<Pick<typeof Finish.Type, "id" | "model" | "created">> = {}
  #usage: Usage.Usage | undefined = undefined
  readonly #warnings = new Warnings()
  readonly #choices: StreamChoices
  /** Created when a read ends inside a character. Most reads end after an event. */
  #textDecoder: TextDecoder | undefined = undefined
  readonly #parser: SseParser
  readonly #context: StreamContext
  readonly #headers: Headers.Headers
  readonly #limits: DecodeOptions
  readonly #ids: { requestId?: string; traceId?: string }

  constructor(call: StreamContext, headers: Headers.Headers, limits: DecodeOptions) {
    this.#context = call
    this.#headers = headers
    this.#limits = limits
    this.#ids = responseIds(headers, call.secret)
    this.#choices = new StreamChoices({
      maxArgumentLength: limits.maxToolArgumentBytes,
      markup: { mode: limits.markup, isStrict: call.isMoonshot },
      toolNames: call.toolNames
    })
    this.#parser = new SseParser((data, event) => this.#onData(data, event))
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
    let json: unknown
    // Both throw, and a Result per event would cost more than the rest of the decoding.
    try {
      json = JSON.parse(data)
      if (event === "error") return this.#onErrorObject(json)
      chunk = decodeChunk(json)
    } catch {
      if (event === "error") return this.#onErrorObject(data)
      return this.#onOddChunk(json)
    }
    this.#onChunk(chunk)
  }

  /** A chunk with members of other types. */
  #onOddChunk(json: unknown): void {
    const read = chunkFrom(json)
    if (read === undefined) {
      this.failure = new StreamDecodeError(this.#errorMembers("An event of the stream is not a chunk"))
      return
    }
    for (const warning of read.warnings) this.#warnings.add(warning)
    this.#onChunk(read.wire)
  }

  /** An error instead of a chunk: `{"error": …}`, or the bare object in an event named `error`. */
  #onErrorObject(value: unknown): void {
    const decoded = typeof value === "string" ? { error: value } : Option.getOrUndefined(decodeError(value))
    const error = (decoded !== undefined && "error" in decoded ? decoded.error : decoded) ?? {}
    this.failure = fromErrorObject(typeof error === "string" ? { message: error } : error, this.#headers, this.#context)
  }

  #onChunk(chunk: Chunk): void {
    if (chunk.error !== undefined && chunk.error !== null) return this.#onErrorObject(chunk)
    if (!this.#hasHead) this.#onHead(chunk)
    if (chunk.choices !== undefined && chunk.choices !== null) this.#onChoices(chunk.choices)
    if (chunk.usage !== undefined && chunk.usage !== null) this.#onUsage(chunk.usage)
  }

  #onChoices(choices: NonNullable<Chunk["choices"]>): void {
    for (const choice of choices) {
      if (!this.#isStarted) this.#start()
      const problem = this.#choices.add(choice, this.#events)
      if (problem !== undefined) return this.#failChoice(problem)
      if (choice.usage !== undefined && choice.usage !== null) this.#onUsage(choice.usage)
    }
  }

  /** Usage can be sent several times, also without figures. */
  #onUsage(wire: typeof Usage.WireUsage.Type): void {
    this.#usage = Usage.mostComplete(this.#usage, Usage.fromReport(wire))
  }

  get #hasHead(): boolean {
    return this.#id !== undefined && this.#model !== undefined && this.#created !== undefined
  }

  /** Id, model and time are those of the first chunk that has them. */
  #onHead({ created, id, model }: Chunk): void {
    if (this.#id === undefined && id) {
      this.#id = id
      if (this.#isStarted) this.#late = { ...this.#late, id }
    }
    if (this.#model === undefined && model) {
      this.#model = model
      if (this.#isStarted) this.#late = { ...this.#late, model }
    }
    if (this.#created === undefined && created) {
      this.#created = created
      if (this.#isStarted) this.#late = { ...this.#late, created }
    }
  }

  #start(): void {
    this.#isStarted = true
    const { model: requestedModel, provider } = this.#context
    const model = this.#model ?? requestedModel
    const rateStatus = parseRateStatus(this.#headers)
    this.#events.push({
      _tag: "Start",
      id: this.#id ?? "",
      model,
      ...(model === requestedModel ? {} : { requestedModel }),
      created: this.#created ?? 0,
      provider,
      ...this.#ids,
      ...(rateStatus === undefined ? {} : { rateStatus })
    })
  }

  #failChoice(problem: ChoiceProblem): void {
    switch (problem._tag) {
      case "index":
        this.failure = new StreamDecodeError(this.#errorMembers("A choice of the stream has an invalid index"))
        return
      case "markup":
      case "tool call":
        this.failure = new MalformedOutputError({
          ...this.#errorMembers(malformedMessage(problem)),
          reason: problem._tag,
          finishReason: (this.#choices.finishReasons[0] ?? "unknown").slice(0, 64)
        })
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
    const problem = this.#choices.close(this.#events)
    if (problem !== undefined) return this.#failChoice(problem)
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
    for (const warning of this.#choices.warnings) this.#warnings.add(warning)
    const warnings = this.#warnings.all
    this.#events.push({
      _tag: "Finish",
      finishReason,
      finishReasons,
      ...this.#late,
      ...(warnings.length === 0 ? {} : { warnings })
    })
  }
}
