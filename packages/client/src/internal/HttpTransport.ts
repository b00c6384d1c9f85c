/** Chat and streams over HTTP: the implementation of `ChatTransport.layerHttp`. */
import { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { ErrorObject } from "@kimi-effect/core/internal/ErrorBody"
import { withDetails } from "@kimi-effect/core/internal/ErrorDetails"
import { KimiConfig } from "@kimi-effect/core/KimiConfig"
import type { CallError, ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import type { PartialResponse } from "@kimi-effect/core/PartialResponse"
import { ToolArgumentsTooLargeError } from "@kimi-effect/core/ResourceErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as Effect from "effect/Effect"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Provider from "../Provider.ts"
import * as Completion from "./decodeCompletion.ts"
import { decodeStream } from "./decodeStream.ts"
import { embeddedError } from "./embeddedError.ts"
import { encode } from "./encodeRequest.ts"
import * as HttpCall from "./HttpCall.ts"
import { completionFrom, type LenientBody } from "./lenientBody.ts"
import { responseIds } from "./mapError.ts"
import { fromBrokenStream } from "./mapTransportError.ts"
import type { MarkupPolicy } from "./MarkupPolicy.ts"
import { isEventStream } from "./mediaType.ts"
import { parseRateStatus } from "./rateLimitHeaders.ts"
import { fromEmbeddedError, invalidResponse, parseJson, type ResponseHead, unexpectedBody } from "./responseErrors.ts"
import { type DecodeOptions, type StreamContext, StreamDecoder } from "./StreamDecoder.ts"
import type { ToolNames } from "./toolCalls.ts"

const decodeStrictly = Schema.decodeUnknownResult(ChatCompletion)

/** Decodes a body as the API sends it, or as far as it is needed. */
const decodeCompletion = (body: unknown): Result.Result<LenientBody<ChatCompletion>, Schema.SchemaError> =>
  Result.match(decodeStrictly(body), {
    onSuccess: (wire) => Result.succeed({ wire, warnings: [] }),
    onFailure: (error) => Result.fromOption(Option.fromUndefinedOr(completionFrom(body)), () => error)
  })

/** The names of the tools that a request allows, also those of its messages. */
const toolNamesOf = ({ messages, tools }: ModelRequest): ToolNames => {
  let names: ReadonlySet<string> | undefined
  return () =>
    (names ??= new Set(
      [
        ...(tools ?? []),
        ...messages.flatMap((message) => (message.role === "system" ? (message.tools ?? []) : []))
      ].map((tool) => tool.function.name)
    ))
}

/** The error of a response whose tool calls have larger arguments than `limit`. */
const checkToolArguments = (
  response: ChatResponse,
  limit: number,
  head: { readonly provider: string; readonly requestId?: string; readonly traceId?: string }
): ToolArgumentsTooLargeError | undefined =>
  response.choices.some((choice) => choice.message.tool_calls?.some((call) => call.function.arguments.length > limit))
    ? new ToolArgumentsTooLargeError({
        ...head,
        message: "The arguments of a tool call are larger than allowed",
        model: response.model,
        limit
      })
    : undefined

/** The part of a response that its host gave up. */
const partialOf = (response: ChatResponse): PartialResponse =>
  StreamFold.toPartial(StreamFold.toEvents(response).reduce(StreamFold.step, StreamFold.empty))

/** An error of a stream that answered a plain call. */
const toChatError = (error: StreamError, context: StreamContext, head: ResponseHead): ChatError => {
  switch (error._tag) {
    case "StreamTruncatedError":
    case "StreamInterruptedError":
    case "StreamDecodeError":
    case "StreamFailedError":
    case "FirstTokenTimeoutError":
    case "IdleTimeoutError":
    case "EventTooLargeError":
      return withDetails(
        invalidResponse(error.message, context, head),
        error.partial === undefined ? {} : { partial: error.partial }
      )
    default:
      return error
  }
}

/** The response or the error of a stream that was read as one text; `undefined` if it is no stream. */
const fromStreamedText = (
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

/** Builds the transport of the configured host. */
export const make = Effect.gen(function* () {
  const config = yield* KimiConfig
  const provider = Provider.fromConfig(config)
  const host = yield* HttpCall.makeHost(config, provider)
  const markup: MarkupPolicy = { mode: config.markup, isStrict: provider.isMoonshot }
  const post = HttpCall.jsonPost(host, "/chat/completions")

  const contextOf = (request: ModelRequest): StreamContext => ({
    ...HttpCall.errorContext(host, request.model, request.messages),
    model: request.model,
    choiceCount: request.n,
    toolNames: toolNamesOf(request)
  })

  /** A completion as a response, or the error that it reports or amounts to. */
  const fromDocument = (
    document: unknown,
    { headers }: ResponseHead,
    context: StreamContext
  ): ChatResponse | ChatError | undefined => {
    const decoded = decodeCompletion(document)
    if (Result.isFailure(decoded)) return undefined
    const { warnings, wire } = decoded.success
    const head = { provider: provider.id, ...responseIds(headers, context.secret) }
    const response = Completion.fromCompletion(wire, head, context.model, parseRateStatus(headers), {
      markup,
      warnings
    })
    return "_tag" in response ? response : (checkToolArguments(response, config.maxToolArgumentBytes, head) ?? response)
  }

  /** The error that a completion reports, with the part of the response that it has. */
  const fromFailure = (
    error: ErrorObject,
    document: unknown,
    response: ResponseHead,
    context: StreamContext
  ): ChatError => {
    const partial = fromDocument(document, response, context)
    const content = partial === undefined || "_tag" in partial ? undefined : partialOf(partial)
    // A response that the host gave up is its failure, regardless of the error that it reports.
    const known = content === undefined ? error : { code: 500, ...error }
    return withDetails(fromEmbeddedError(known, context, response), content === undefined ? {} : { partial: content })
  }

  /** The response of a whole body in any format. */
  const fromBody = (text: string, response: ResponseHead, context: StreamContext): ChatResponse | ChatError => {
    const document = Result.getOrUndefined(parseJson(text.startsWith("\uFEFF") ? text.slice(1) : text))
    const error = embeddedError(document)
    if (error !== undefined) return fromFailure(error, document, response, context)
    return (
      fromDocument(document, response, context) ??
      fromStreamedText(text, context, response, config) ??
      unexpectedBody(text, HttpCall.notThisApi, context, response)
    )
  }

  const collect = (
    response: HttpClientResponse.HttpClientResponse,
    context: StreamContext
  ): Effect.Effect<ChatResponse, ChatError> =>
    Effect.suspend(() => {
      let fold = StreamFold.empty
      const decoder = new StreamDecoder(context, response.headers, config)
      return Stream.runForEach(
        decodeStream(response.stream, decoder, HttpCall.transportError(host, context)),
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

  const chat = (request: ModelRequest): Effect.Effect<ChatResponse, ChatError> => {
    const body = encode(request, { provider, model: request.model, stream: false })
    const context = contextOf(request)
    return Effect.flatMap(
      HttpCall.execute(host, post(body), context),
      (response): Effect.Effect<ChatResponse, ChatError> =>
        isEventStream(response.headers)
          ? collect(response, context)
          : Effect.flatMap(HttpCall.readText(host, response, context), (text) => {
              const result = fromBody(text, response, context)
              return "_tag" in result ? Effect.fail(result) : Effect.succeed(result)
            })
    )
  }

  const open = Effect.fnUntraced(function* (
    request: ModelRequest
  ): Effect.fn.Return<Stream.Stream<StreamEvent, StreamError>, CallError> {
    const body = encode(request, { provider, model: request.model, stream: true })
    const context = contextOf(request)
    const response = yield* HttpCall.execute(host, post(body), context)
    const decoder = new StreamDecoder(context, response.headers, config)
    return decodeStream(response.stream, decoder, (error) => fromBrokenStream(error, context))
  })

  return {
    provider: host.provider,
    chat,
    stream: (request: ModelRequest) => Stream.unwrap(open(request))
  }
})
