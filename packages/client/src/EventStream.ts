/**
 * Streams as server-sent events, for HTTP handlers: a web `Response` for the
 * handlers of frameworks and edge runtimes, or the response of Effect's HTTP server.
 *
 * **Details**
 *
 * - `events` writes the events of a stream as they are, and `openAiChunks` writes
 *   the chunks of OpenAI's chat completions, so that its clients can read them.
 * - When the reader disconnects, the stream is interrupted, which closes the
 *   connection to the host. A slow reader slows the stream down.
 * - A response waits for the first event, so that a call that fails before it has
 *   the status of its error, such as 429 with `retry-after`, and a JSON body. After
 *   it, an error is the last event of a response with status 200. Both contain the
 *   tag and a fixed sentence, and no text of the host.
 * - A comment every 15 seconds keeps proxies from closing a connection on which
 *   the model is still thinking. The response waits no longer than that for the
 *   first event: it then begins with a comment.
 * - Import it by its path, `@kimi-effect/client/EventStream`, so that programs
 *   without handlers do not load Effect's HTTP server.
 *
 * **Example** (A handler of a framework)
 *
 * ```ts
 * const handler = (request: Request) =>
 *   KimiClient.KimiClient.use((kimi) =>
 *     EventStream.toResponse(kimi.stream({ messages }), EventStream.openAiChunks, { signal: request.signal })
 *   ).pipe(runtime.runPromise)
 * ```
 *
 * @since 0.1.0
 */
import { StreamFailedError, StreamTruncatedError } from "@kimi-effect/core/StreamErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { checkedStatus, failureHeaders, statusOf } from "./internal/failureStatus.ts"
import { OpenAiChunks } from "./internal/OpenAiChunks.ts"
import { openStream } from "./internal/openStream.ts"
import { describeFailure, type StreamFailure } from "./internal/streamFailure.ts"

/**
 * The last event of a stream that failed, in every format but OpenAI's, and the
 * body of a response whose call failed before its first event.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Failure = Schema.TaggedStruct("Failure", {
  /** The tag of the error, such as `RateLimitError`; `UnknownError` if it is not one of the library. */
  error: Schema.String,
  /** A fixed sentence, or the text of the option `message`. */
  message: Schema.String,
  /** Whether the same request may succeed when it is sent again. */
  isRetryable: Schema.Boolean,
  /** The least time to wait before that. */
  retryAfterMillis: Schema.optionalKey(Schema.Finite)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Failure = StreamFailure

/**
 * The writer of one response. Each function returns the text of complete
 * server-sent events, which may be empty.
 *
 * @category models
 * @since 0.1.0
 */
export interface Writer<A> {
  /** An event. An error that it throws ends the response with a failure. */
  readonly event: (event: A) => string
  /** The end of a stream that did not fail. An error that it throws ends the response with a failure. */
  readonly end: () => string
  /** The end of a stream that failed. */
  readonly failure: (failure: Failure) => string
  /** The JSON body of a response whose call failed before its first event. Defaults to the failure. */
  readonly body?: ((failure: Failure) => unknown) | undefined
}

/**
 * How events of a type are written. It makes a writer for each response.
 *
 * @category models
 * @since 0.1.0
 */
export type Format<A> = () => Writer<A>

/**
 * Options of a response.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /**
   * Time between two comments that keep the connection open, and the longest wait
   * for the first event before the response begins. `0` or an infinite time sends
   * no comments and waits for the first event. Defaults to 15 seconds.
   */
  readonly keepAlive?: Duration.Input | undefined
  /**
   * The text that the reader gets for an error, in place of a fixed sentence.
   * `message` of an error of the library has texts of the host, from which
   * secrets are removed but which concern your account.
   */
  readonly message?: ((error: unknown) => string) | undefined
  /**
   * The status of a response whose call failed before its first event, in place of
   * that of the error: 400 for an invalid request, 413, 429 for rate limits and
   * spent budgets, 502 and 504 for failures of the host and the network, 503 for
   * overload and for what the client refuses, 500 for everything else.
   */
  readonly status?: ((error: unknown) => number) | undefined
  /** Further headers of the response, by lower-case name. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/**
 * Options of a web `Response`.
 *
 * @category options
 * @since 0.1.0
 */
export interface ResponseOptions extends Options {
  /** Interrupts the stream when it aborts, for servers that do not cancel the body: the signal of the request. */
  readonly signal?: AbortSignal | undefined
}

const write = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

const writeFailure = (failure: Failure): string => write(failure._tag, failure)

const truncated = (): StreamTruncatedError =>
  new StreamTruncatedError({ message: "The stream ended without a finish reason" })

/**
 * Events with the JSON of the event as data and its `_tag` as name. The last one
 * of a complete response is `Finish`, else `Failure`.
 *
 * @category formats
 * @since 0.1.0
 */
export const events: Format<StreamEvent> = () => {
  let isFinished = false
  return {
    // Every member of an event is JSON.
    event: (event) => {
      isFinished = event._tag === "Finish"
      return write(event._tag, event)
    },
    end: () => {
      if (!isFinished) throw truncated()
      return ""
    },
    failure: writeFailure
  }
}

/**
 * The chunks of OpenAI's streamed chat completions, with reasoning as
 * `reasoning_content`, usage in a separate chunk, and `[DONE]` at the end of a
 * complete response. An error is a chunk with `error` and ends the response
 * without `[DONE]`.
 *
 * A `Reset` of a client that recovers broken streams has no chunk: it ends the
 * response with an error, since what was sent cannot be taken back.
 *
 * @category formats
 * @since 0.1.0
 */
export const openAiChunks: Format<StreamEvent> = () => {
  const chunks = new OpenAiChunks()
  let isFinished = false
  return {
    event: (event) => {
      isFinished = event._tag === "Finish"
      const text = chunks.event(event)
      if (text === undefined)
        throw new StreamFailedError({ message: "The response began again, which chunks cannot express" })
      return text
    },
    end: () => {
      if (!isFinished) throw truncated()
      return ""
    },
    failure: (failure) => chunks.failure(failure),
    body: (failure) => chunks.error(failure)
  }
}

/**
 * Events of any tagged union, such as those of an agent: the encoded JSON of the
 * event as data and its `_tag` as name. `Failure` is added for errors.
 *
 * @category formats
 * @since 0.1.0
 */
export const fromSchema = <A extends { readonly _tag: string }>(schema: Schema.Codec<A, unknown>): Format<A> => {
  const encode = Schema.encodeSync(Schema.toCodecJson(schema))
  return () => ({ event: (event) => write(event._tag, encode(event)), end: () => "", failure: writeFailure })
}

const keepAliveComment = new TextEncoder().encode(": keep-alive\n\n")

const keepAliveTime = (input: Duration.Input = "15 seconds"): Duration.Duration | undefined =>
  Option.getOrUndefined(
    Option.filter(Duration.fromInput(input), (time) => Duration.isFinite(time) && Duration.toMillis(time) > 0)
  )

const withKeepAlive = <R>(
  body: Stream.Stream<Uint8Array, never, R>,
  time: Duration.Duration | undefined
): Stream.Stream<Uint8Array, never, R> =>
  time === undefined
    ? body
    : Stream.merge(body, Stream.as(Stream.drop(Stream.tick(time), 1), keepAliveComment), { haltStrategy: "left" })

/** The texts of a stream. It fails with the stream, or with what the writer throws. */
const textsOf = <A, E, R>(stream: Stream.Stream<A, E, R>, writer: Writer<A>): Stream.Stream<string, E, R> =>
  stream.pipe(
    // One read of the host is one write to the reader.
    Stream.mapArray((events) => [events.map((event) => writer.event(event)).join("")] as const),
    Stream.concat(Stream.sync(() => writer.end())),
    Stream.filter((text) => text !== "")
  )

const bytesOf = <A, E, R>(
  texts: Stream.Stream<string, E, R>,
  writer: Writer<A>,
  { keepAlive, message }: Options
): Stream.Stream<Uint8Array, never, R> => {
  const encoder = new TextEncoder()
  const body = texts.pipe(
    Stream.catchCause((cause) => Stream.sync(() => writer.failure(describeFailure(Cause.squash(cause), message)))),
    Stream.filter((text) => text !== ""),
    Stream.map((text) => encoder.encode(text))
  )
  return withKeepAlive(body, keepAliveTime(keepAlive))
}

/**
 * The bytes of a stream as server-sent events. The stream of bytes never fails.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toBytes = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  format: Format<A>,
  options: Options = {}
): Stream.Stream<Uint8Array, never, R> =>
  Stream.suspend(() => {
    const writer = format()
    return bytesOf(textsOf(stream, writer), writer, options)
  })

const contentType = "text/event-stream"

/** `x-accel-buffering` is read by nginx, which would hold events back. */
const headersOf = (headers: Options["headers"]): Record<string, string> => ({
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
  ...headers
})

/** A response whose stream has begun, or failed before its first event. */
type Answer<R> =
  | { readonly _tag: "Body"; readonly body: Stream.Stream<Uint8Array, never, R>; readonly close: Effect.Effect<void> }
  | {
      readonly _tag: "Failure"
      readonly status: number
      readonly headers: Record<string, string>
      readonly json: unknown
    }

const answerOf = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  format: Format<A>,
  options: Options
): Effect.Effect<Answer<R>, never, R> =>
  Effect.suspend(() => {
    const writer = format()
    return Effect.map(openStream(textsOf(stream, writer), keepAliveTime(options.keepAlive)), (opened): Answer<R> => {
      if (opened._tag === "Open") {
        return { _tag: "Body", body: bytesOf(opened.stream, writer, options), close: opened.close }
      }
      const error = Cause.squash(opened.cause)
      const failure = describeFailure(error, options.message)
      return {
        _tag: "Failure",
        status: checkedStatus(options.status?.(error) ?? statusOf(failure)),
        headers: { ...failureHeaders(failure), ...options.headers },
        json: writer.body?.(failure) ?? failure
      }
    })
  })

/** Completes when a signal aborts. */
const aborted = (signal: AbortSignal): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const onAbort = () => resume(Effect.void)
    if (signal.aborted) return onAbort()
    signal.addEventListener("abort", onAbort, { once: true })
    return Effect.sync(() => signal.removeEventListener("abort", onAbort))
  })

/** For a reader that has left: the status that nginx logs for one. */
const left: Answer<never> = { _tag: "Failure", status: 499, headers: {}, json: null }

/** Stops waiting for the first event, with the stream, when the reader leaves. */
const untilAborted = <R>(
  answer: Effect.Effect<Answer<R>, never, R>,
  signal: AbortSignal | undefined
): Effect.Effect<Answer<R>, never, R> =>
  signal === undefined ? answer : Effect.raceFirst(answer, Effect.as(aborted(signal), left))

/**
 * A stream as a web `Response`. The stream begins at once, and the response when
 * its first event has arrived.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toResponse = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  format: Format<A>,
  options: ResponseOptions = {}
): Effect.Effect<Response, never, R> =>
  Effect.map(
    Effect.all([untilAborted(answerOf(stream, format, options), options.signal), Effect.context<R>()]),
    ([answer, context]) =>
      answer._tag === "Failure"
        ? Response.json(answer.json, { status: answer.status, headers: answer.headers })
        : new Response(Stream.toReadableStreamWith(answer.body, context, { signal: options.signal }), {
            headers: { "content-type": contentType, ...headersOf(options.headers) }
          })
  )

/** Closes a stream that the server does not read, as for a request with HEAD. */
const closeWithRequest = (close: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.flatMap(
    Effect.all([Effect.serviceOption(HttpServerRequest.HttpServerRequest), Effect.serviceOption(Scope.Scope)]),
    ([request, scope]) =>
      Option.isSome(request) && Option.isSome(scope) ? Scope.addFinalizer(scope.value, close) : Effect.void
  )

/**
 * A stream as a response of Effect's HTTP server. The stream begins at once, and
 * the response when its first event has arrived.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toHttpResponse = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  format: Format<A>,
  options: Options = {}
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R> =>
  Effect.flatMap(Effect.all([answerOf(stream, format, options), Effect.context<R>()]), ([answer, context]) =>
    answer._tag === "Failure"
      ? Effect.succeed(HttpServerResponse.jsonUnsafe(answer.json, { status: answer.status, headers: answer.headers }))
      : Effect.as(
          closeWithRequest(answer.close),
          HttpServerResponse.stream(Stream.provideContext(answer.body, context), {
            contentType,
            headers: headersOf(options.headers)
          })
        )
  )
