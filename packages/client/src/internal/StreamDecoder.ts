/**
 * Decodes the bytes of a stream into events. Mutable and synchronous, one per
 * stream, so that an event does not cost an effect.
 */
import { ChatCompletionChunk } from "@kimi-effect/core/ChatCompletionChunk"
import type { Values } from "@kimi-effect/core/KimiConfig"
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import { EventTooLargeError, ResponseTooLargeError } from "@kimi-effect/core/ResourceErrors"
import { StreamDecodeError, StreamTruncatedError } from "@kimi-effect/core/StreamErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import type * as Headers from "effect/http/Headers"
import * as Schema from "effect/Schema"
import { BodyParser } from "./BodyParser.ts"
import { choiceError } from "./choiceErrors.ts"
import { compiledCodec } from "./compiledCodec.ts"
import { encodingOf } from "./contentEncoding.ts"
import { finishWord, noContentError } from "./decodeCompletion.ts"
import { classifyText, embeddedError, isErrorEvent, isHeartbeat, toErrorObject } from "./embeddedError.ts"
import { chunkFrom } from "./lenientBody.ts"
import { type ErrorContext, fromErrorObject } from "./mapError.ts"
import { isPlainDelta } from "./plainDelta.ts"
import { responseIds } from "./responseIds.ts"
import { isEventStream } from "./mediaType.ts"
import { fromEmbeddedError, notAStream } from "./responseErrors.ts"
import { type ChoiceProblem, StreamChoices } from "./StreamChoices.ts"
import { StreamHead } from "./StreamHead.ts"
import { StreamUsage } from "./StreamUsage.ts"
import type { ToolNames } from "./toolCalls.ts"
import { toWholeChunk, type WholeChunk } from "./wholeChunk.ts"
import { Warnings } from "./Warnings.ts"

/** How a stream is decoded: limits on the memory that it can use, in bytes, and what is done with markup. */
export type DecodeOptions = Pick<
  Values,
  "maxResponseBytes" | "maxContentBytes" | "maxEventBytes" | "maxToolArgumentBytes" | "markup"
>

const decodeChunk = compiledCodec(ChatCompletionChunk.ast, () => Schema.decodeUnknownSync(ChatCompletionChunk))

/** Shared by all streams: it has no state between reads. The parser removes the byte order mark. */
const sharedTextDecoder = new TextDecoder("utf-8", { ignoreBOM: true })

type Chunk = typeof ChatCompletionChunk.Type

/** Some hosts send an only choice in place of the list. */
const hasChoices = (json: object): boolean =>
  "choices" in json && typeof json.choices === "object" && json.choices !== null && Object.keys(json.choices).length > 0

/** Some gateways send an empty list to keep the connection open. */
const isEmptyList = (json: object): boolean => Array.isArray(json) && json.length === 0

/** A call whose response is decoded. */
export interface StreamContext extends ErrorContext {
  readonly model: string
  /** Number of choices that were requested. Defaults to 1. */
  readonly choiceCount?: number | undefined
  /** The names of the tools that the request allows. */
  readonly toolNames?: ToolNames | undefined
}

/** Decodes one stream. */
export class StreamDecoder {
  /** The error that ended the stream; nothing is decoded after it. */
  failure: StreamError | undefined = undefined
  /** Whether the end mark was received. */
  isComplete = false

  #events: Array<StreamEvent> = []
  #hasBodyEnded = false
  /** Whether the body ended inside an event. */
  #hasBrokenEnd = false
  #byteCount = 0
  readonly #usage = new StreamUsage()
  readonly #head: StreamHead
  readonly #warnings = new Warnings()
  readonly #choices: StreamChoices
  /** Created when a read ends inside a character. Most reads end after an event. */
  #textDecoder: TextDecoder | undefined = undefined
  readonly #parser: BodyParser
  readonly #context: StreamContext
  readonly #headers: Headers.Headers
  readonly #limits: DecodeOptions
  readonly #ids: { requestId?: string; traceId?: string }

  constructor(call: StreamContext, headers: Headers.Headers, limits: DecodeOptions) {
    this.#context = call
    this.#headers = headers
    this.#limits = limits
    this.#ids = responseIds(headers, call)
    this.#head = new StreamHead(call, headers, this.#ids)
    this.#choices = new StreamChoices({
      maxArgumentLength: limits.maxToolArgumentBytes,
      markup: { mode: limits.markup, isStrict: call.isMoonshot },
      toolNames: call.toolNames
    })
    // A coded body that the platform did not decode must not pass for events without meaning.
    const isDeclaredSse = isEventStream(headers) && encodingOf(headers) === undefined
    this.#parser = new BodyParser(isDeclaredSse, (data, event) => this.#onData(data, event))
  }

  /** Whether the body has been read to its end. */
  get hasBodyEnded(): boolean {
    return this.#hasBodyEnded
  }

  /** Decodes the next bytes of the body, which can start and end anywhere. */
  feed(bytes: Uint8Array): void {
    if (this.failure !== undefined || this.isComplete) return
    this.#read(bytes)
    if (this.failure !== undefined) this.#emitUsage(this.#isFinished)
  }

  #read(bytes: Uint8Array): void {
    this.#byteCount += bytes.length
    if (this.#byteCount > this.#limits.maxResponseBytes) {
      this.failure = new ResponseTooLargeError({
        ...this.#errorMembers("The stream is larger than allowed"),
        limit: this.#limits.maxResponseBytes
      })
      return
    }
    this.#parser.feed(this.#decode(bytes))
    if (this.#parser.format === "unknown") {
      this.failure ??= notAStream(this.#context, this.#headers)
      return
    }
    if (this.failure !== undefined || this.isComplete) return
    if (this.#parser.pendingLength > this.#limits.maxEventBytes) this.#failTooLarge()
    else if (2 * this.#parser.documentLength > this.#limits.maxContentBytes) this.#failTooMuchContent()
  }

  /**
   * Ends the body. Without its end mark, a stream is complete only at hosts that
   * are not known to send one, and only when every choice has a finish reason.
   */
  end(): void {
    if (this.failure !== undefined || this.isComplete) return
    this.#hasBodyEnded = true
    this.#parser.feed(this.#textDecoder?.decode() ?? "")
    this.#parser.end()
    if (this.failure === undefined && !this.isComplete) this.#endWithoutMark()
    if (this.failure !== undefined) this.#emitUsage(this.#isFinished)
  }

  #endWithoutMark(): void {
    if (this.#isNoStream) this.failure = notAStream(this.#context, this.#headers)
    else if (this.#isFinishedWithoutMark) this.#finish(false)
    else {
      const ended = this.#head.isStarted ? "The stream ended" : "The stream ended with no content and"
      this.failure = new StreamTruncatedError(this.#errorMembers(`${ended} without its end mark`))
    }
  }

  /** Returns the events decoded since the last call. */
  take(): ReadonlyArray<StreamEvent> {
    const events = this.#events
    this.#events = []
    return events
  }

  /** Whether the body is a JSON document without a response, or empty and declared to be no stream. */
  get #isNoStream(): boolean {
    if (this.#parser.format === "sse" || this.#head.isStarted) return false
    const isDeclared = this.#headers["content-type"] !== undefined && !isEventStream(this.#headers)
    return this.#parser.format !== undefined || isDeclared
  }

  /** Whether every choice has a finish reason, after which nothing more is generated. */
  get #isFinished(): boolean {
    return this.#choices.areFinished(this.#context.choiceCount ?? 1)
  }

  get #isFinishedWithoutMark(): boolean {
    return !this.#context.isMoonshot && !this.#hasBrokenEnd && this.#isFinished
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

  #failTooMuchContent(): void {
    this.failure = new ResponseTooLargeError({
      ...this.#errorMembers("The content of the stream is larger than allowed"),
      limit: this.#limits.maxContentBytes
    })
  }

  #onData(data: string, event: string): void {
    if (this.#isIgnored(data, event)) return
    if (data.length > this.#limits.maxEventBytes && this.#parser.format !== "json") return this.#failTooLarge()
    if (data === "[DONE]" || data.trim() === "[DONE]") return this.#finish(true)
    let json: unknown
    // Throws, and a Result per event would cost more than the rest of the decoding.
    try {
      json = JSON.parse(data)
    } catch {
      return this.#onText(data, event)
    }
    if (event !== "" && isErrorEvent(event)) return this.#fail(json)
    if (typeof json === "object" && json !== null) this.#onJson(json)
    else this.#onText(typeof json === "string" ? json : "", event)
  }

  #isIgnored(data: string, event: string): boolean {
    return this.failure !== undefined || this.isComplete || data === "" || (event !== "" && isHeartbeat(event))
  }

  /** Most chunks need no closer look. */
  #onJson(json: object): void {
    if (this.#head.isStarted && !this.#hasBodyEnded && isPlainDelta(json)) this.#onChunk(json)
    else this.#onUnusualJson(json)
  }

  #onUnusualJson(json: object): void {
    if (embeddedError(json) !== undefined) return this.#onEmbeddedError(json)
    if (isEmptyList(json) && this.#parser.format === "sse") return
    if (isHeartbeat(json) || this.#isNoChunk(json)) return
    const whole = toWholeChunk(json)
    if (!this.#addChunk(json, whole)) return this.#failNoChunk()
    // A JSON document is complete by itself.
    if (whole !== undefined && this.#parser.format === "json" && this.failure === undefined) this.#finish(false, true)
  }

  /** Adds the content of a chunk. Returns whether it could be decoded. */
  #addChunk(json: object, whole: WholeChunk | undefined): boolean {
    const chunk = this.#decodeChunk(whole?.chunk ?? json)
    if (chunk === undefined) return false
    for (const warning of whole?.warnings ?? []) this.#warnings.add(warning)
    this.#onChunk(chunk, whole)
    return true
  }

  /** Decodes a chunk as the API sends it, or as far as it is needed. */
  #decodeChunk(json: object): Chunk | undefined {
    try {
      return decodeChunk(json)
    } catch {
      const read = chunkFrom(json)
      for (const warning of read?.warnings ?? []) this.#warnings.add(warning)
      return read?.wire
    }
  }

  #failNoChunk(): void {
    this.failure = new StreamDecodeError(this.#errorMembers("An event of the stream is not a chunk"))
  }

  #isNoChunk(json: object): boolean {
    return this.#parser.format === "json"
      ? // A document without choices is no chunk, and no beginning of a stream.
        !this.#head.isStarted && !hasChoices(json)
      : // Some hosts omit the blank line after the last event; Moonshot does not.
        this.#hasBodyEnded && this.#context.isMoonshot
  }

  /** Data that are no object of JSON. */
  #onText(text: string, event: string): void {
    const kind = classifyText(text)
    if (kind === "error" || isErrorEvent(event)) return this.#fail(text)
    if (kind === "heartbeat") return
    // The last event of a body that broke off.
    if (this.#hasBodyEnded && this.#parser.format === "sse") this.#hasBrokenEnd = true
    else if (this.#parser.format === "json" && !this.#head.isStarted)
      this.failure = notAStream(this.#context, this.#headers)
    else this.#failNoChunk()
  }

  /** A chunk that reports an error, in addition to the last of its content. */
  #onEmbeddedError(json: object): void {
    if (hasChoices(json)) {
      // The error counts more than content that cannot be decoded.
      this.#addChunk(json, toWholeChunk(json))
    }
    if (this.failure === undefined) this.#fail(json)
  }

  /** Fails with the error of the host, after the usage if that is known. */
  #fail(value: unknown): void {
    const error = embeddedError(value) ?? toErrorObject(value)
    this.#emitUsage(true)
    this.failure =
      this.#parser.format === "json" && !this.#head.isStarted
        ? fromEmbeddedError(error, this.#context, { status: 200, headers: this.#headers })
        : fromErrorObject(error, this.#headers, this.#context)
  }

  /** A failed response is billed for its usage too. */
  #emitUsage(hasHostEnded: boolean): void {
    const usage = this.#usage.take(hasHostEnded)
    if (usage !== undefined) this.#events.push({ _tag: "Usage", usage })
  }

  #onChunk(chunk: Chunk, whole?: WholeChunk): void {
    if (!this.#head.isComplete) this.#head.add(chunk)
    const before = this.#events.length
    this.#usage.beginChunk()
    if (chunk.choices !== undefined && chunk.choices !== null) this.#onChoices(chunk.choices, whole)
    if (chunk.usage !== undefined && chunk.usage !== null) this.#usage.add(chunk.usage)
    this.#usage.endChunk(this.#events.length > before)
  }

  #onChoices(choices: NonNullable<Chunk["choices"]>, whole: WholeChunk | undefined): void {
    for (const choice of choices) {
      if (!this.#head.isStarted) this.#events.push(this.#head.start())
      const problem = this.#choices.add(choice, this.#events, whole?.choices.get(choice.index ?? 0))
      if (problem !== undefined) return this.#failChoice(problem)
      if (this.#choices.heldBytes > this.#limits.maxContentBytes) return this.#failTooMuchContent()
      if (choice.usage !== undefined && choice.usage !== null) this.#usage.add(choice.usage)
    }
  }

  #failChoice(problem: ChoiceProblem): void {
    this.failure = choiceError(problem, {
      members: this.#errorMembers(""),
      finishReason: finishWord(this.#choices.finishReasons[0], this.#context.messages),
      maxToolArgumentBytes: this.#limits.maxToolArgumentBytes
    })
  }

  /** `isWhole` is whether the response came in one piece, which needs no finish reason to be complete. */
  #finish(hasEndMark: boolean, isWhole = false): void {
    const problem = this.#choices.close(this.#events)
    // After the end mark, the host's figures are final, also for a response that is an error.
    if (problem !== undefined) {
      this.#emitUsage(true)
      return this.#failChoice(problem)
    }
    const finishReasons = this.#choices.finishReasons
    const finishReason = finishReasons[0] ?? "unknown"
    const { message: _, ...common } = this.#errorMembers("")
    this.failure = noContentError(
      {
        hasContent: this.#choices.hasContent,
        // The caller folds the events, and adds the reasoning to the error.
        reasoning: "",
        finishReason: finishWord(finishReason, this.#context.messages),
        completionTokens: this.#usage.reported?.completion_tokens
      },
      common
    )
    if (this.failure === undefined && !isWhole && !this.#choices.hasFinishReasons) {
      this.failure = new StreamTruncatedError(
        this.#errorMembers("The stream ended with its end mark, but without a finish reason")
      )
    }
    if (this.failure !== undefined) return this.#emitUsage(true)
    this.isComplete = true
    this.#choices.finish(this.#events)
    this.#emitUsage(true)
    for (const warning of this.#choices.warnings) this.#warnings.add(warning)
    const warnings = this.#warnings.all
    this.#events.push({
      _tag: "Finish",
      finishReason,
      finishReasons,
      ...(hasEndMark ? {} : { isWithoutEndMark: true as const }),
      ...this.#head.late,
      ...(warnings.length === 0 ? {} : { warnings })
    })
  }
}
