/**
 * Runs a `StreamDecoder` over reads, and checks the laws of a stream: it ends
 * either with `Finish` or with an error, and emits nothing after it.
 */
import { assert } from "@effect/vitest"
import { withDetails } from "@kimi-effect/core/internal/ErrorDetails"
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import { type DecodeOptions, StreamDecoder } from "../../../src/internal/StreamDecoder.ts"
import { fields } from "./errors.ts"

export interface Outcome {
  readonly events: ReadonlyArray<StreamEvent>
  readonly failure: StreamError | undefined
}

export interface Options {
  readonly bounds?: Partial<DecodeOptions>
  readonly headers?: Headers.Input
  readonly model?: string
  readonly isMoonshot?: boolean
  readonly choiceCount?: number
  readonly tools?: ReadonlyArray<string>
}

const encoder = new TextEncoder()

export const bytesOf = (text: string): Uint8Array => encoder.encode(text)

export const makeDecoder = (options: Options = {}): StreamDecoder =>
  new StreamDecoder(
    {
      provider: "moonshot",
      isMoonshot: options.isMoonshot ?? true,
      secret: "sk-0123456789abcdef",
      model: options.model ?? "kimi-k3",
      choiceCount: options.choiceCount,
      toolNames: () => new Set(options.tools)
    },
    Headers.fromInput(options.headers ?? {}),
    { ...KimiConfig.defaults, ...options.bounds }
  )

/** The outcome of a stream with these reads. */
export const decode = (reads: Iterable<Uint8Array | string>, options?: Options): Outcome => {
  const decoder = makeDecoder(options)
  const events: Array<StreamEvent> = []
  for (const read of reads) {
    const isOver = decoder.failure !== undefined || decoder.isComplete
    decoder.feed(typeof read === "string" ? bytesOf(read) : read)
    const taken = decoder.take()
    assert.isTrue(!isOver || taken.length === 0, "nothing comes after the end")
    events.push(...taken)
  }
  decoder.end()
  events.push(...decoder.take())
  const { failure, isComplete } = decoder
  assert.strictEqual(isComplete, failure === undefined, "a stream is either done or failed")
  assert.strictEqual(
    events.findIndex((event) => event._tag === "Finish"),
    isComplete ? events.length - 1 : -1,
    "Finish comes last, and only when the stream is done"
  )
  return { events, failure }
}

/** The outcome of a stream of these events, as JSON values. */
export const decodeData = (data: ReadonlyArray<unknown>, options?: Options): Outcome => decode(data.map(toSse), options)

/** The text of an event with this JSON value or text as data. */
export const toSse = (data: unknown): string => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`

/** Splits text into reads of so many bytes. */
export function* readsOf(text: string, size: number): Iterable<Uint8Array> {
  const bytes = bytesOf(text)
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

/** The response to which the events fold, or the error with its partial content. */
export const settle = ({ events, failure }: Outcome): ChatResponse | Record<string, unknown> =>
  failure === undefined
    ? Option.getOrThrow(StreamFold.fold(events))
    : fields(withDetails(failure, { partial: StreamFold.toPartial(events.reduce(StreamFold.step, StreamFold.empty)) }))

/** A chunk with one choice. */
export const chunk = (delta: object, finish_reason: string | null = null, index?: unknown): object => ({
  id: "chatcmpl-1",
  created: 1,
  model: "kimi-k3",
  choices: [{ index: index ?? 0, delta, finish_reason }]
})
