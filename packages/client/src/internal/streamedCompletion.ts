/** Reads a stream that answered a plain call. */
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as ErrorFacts from "@kimi-effect/core/ErrorFacts"
import { withDetails } from "@kimi-effect/core/internal/ErrorDetails"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as Effect from "effect/Effect"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { decodeStream } from "./decodeStream.ts"
import * as HttpCall from "./HttpCall.ts"
import { invalidResponse, type ResponseHead, unexpectedBody } from "./responseErrors.ts"
import { type DecodeOptions, type StreamContext, StreamDecoder } from "./StreamDecoder.ts"
import { bytesOf } from "./WebBody.ts"

const isStreamError = (error: StreamError): error is Exclude<StreamError, ChatError> =>
  ErrorFacts.table[error._tag].operations === "stream"

/** An error of a stream that answered a plain call. */
const toChatError = (error: StreamError, context: StreamContext, head: ResponseHead): ChatError =>
  isStreamError(error)
    ? withDetails(
        invalidResponse(error.message, context, head),
        error.partial === undefined ? {} : { partial: error.partial }
      )
    : error

/** The response or the error of a stream that was read as one text; `undefined` if it is no stream. */
export const fromStreamedText = (
  text: string,
  context: StreamContext,
  head: ResponseHead,
  options: DecodeOptions
): ChatResponse | ChatError | undefined => {
  const decoder = new StreamDecoder(context, head.headers, options)
  decoder.feed(new TextEncoder().encode(text))
  decoder.end()
  const fold = decoder.take().reduce(StreamFold.step, StreamFold.empty)
  const { failure } = decoder
  if (failure === undefined) return Option.getOrUndefined(StreamFold.toResponse(fold))
  return failure._tag === "InvalidResponseError"
    ? undefined
    : toChatError(withDetails(failure, { partial: StreamFold.toPartial(fold) }), context, head)
}

/** The response of an open stream, read to its end. */
export const collect = (
  host: HttpCall.HttpHost,
  response: HttpClientResponse.HttpClientResponse,
  context: StreamContext,
  options: DecodeOptions
): Effect.Effect<ChatResponse, ChatError> =>
  Effect.suspend(() => {
    let fold = StreamFold.empty
    const decoder = new StreamDecoder(context, response.headers, options)
    return Stream.runForEach(
      decodeStream(bytesOf(response), decoder, HttpCall.transportError(host, context)),
      (event) =>
        Effect.sync(() => {
          fold = StreamFold.step(fold, event)
        })
    ).pipe(
      Effect.mapError((error) =>
        toChatError(withDetails(error, { partial: StreamFold.toPartial(fold) }), context, response)
      ),
      Effect.flatMap(() =>
        Option.match(StreamFold.toResponse(fold), {
          onSome: Effect.succeed,
          onNone: () => Effect.fail(unexpectedBody("", HttpCall.notThisApi, context, response))
        })
      )
    )
  })
