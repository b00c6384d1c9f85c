/** HTTP calls to one host: building requests, bounding responses, and mapping every failure to a typed error. */
import type { ConnectionPool } from "@kimi-effect/core/ConnectionPool"
import type { Values } from "@kimi-effect/core/KimiConfig"
import type { Message } from "@kimi-effect/core/Message"
import type { CallError } from "@kimi-effect/core/OperationErrors"
import * as CallDeadline from "@kimi-effect/core/internal/CallDeadline"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { Provider } from "../Provider.ts"
import { poolOf } from "./connectionPools.ts"
import { isolate, proxyOf } from "./isolation.ts"
import { type ErrorContext, fromStatus } from "./mapError.ts"
import { fromTransport } from "./mapTransportError.ts"
import { type BodyText, readBody, readBodyWithin } from "./readBody.ts"
import { encodingOf } from "./contentEncoding.ts"
import { parseJson, responseTooLarge } from "./responseErrors.ts"

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse

/** Error bodies have a few hundred bytes; HTML pages of gateways a few thousand. */
const maxErrorBodyBytes = 64 * 1024

/** The largest body that is read as a whole: in memory, a character of its text takes two bytes. */
export const bodyLimit = ({ maxContentBytes, maxResponseBytes }: Values): number =>
  Math.min(maxResponseBytes, Math.floor(maxContentBytes / 2))

/** A host with its credentials and limits. */
export interface HttpHost {
  readonly provider: Provider
  readonly config: Values
  /** The API key in clear text, to redact it from the host's text. */
  readonly secret: string | undefined
  readonly headers: { readonly [name: string]: string }
  /** The connections to the host, where the HTTP client reports them. */
  readonly connections: ConnectionPool | undefined
  readonly send: (request: Request) => Effect.Effect<Response, HttpClientError.HttpClientError>
}

/** Builds the calls of the host of a configuration. */
export const makeHost = (config: Values, provider: Provider): Effect.Effect<HttpHost, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (client) => {
    const proxy = proxyOf(client)
    const secret = config.apiKey === undefined ? undefined : Redacted.value(config.apiKey)
    return {
      provider: proxy === undefined ? provider : { ...provider, proxy },
      config,
      secret,
      headers: {
        ...(config.headers === undefined ? {} : Redacted.value(config.headers)),
        accept: "application/json",
        // Bodies are not decoded, because not every HTTP client does that.
        "accept-encoding": "identity",
        ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` })
      },
      connections: poolOf(client, provider.baseUrl),
      send: isolate(client)
    }
  })

/** What errors include about a call, and what is redacted from them. */
export const errorContext = (
  { provider, secret }: HttpHost,
  model?: string,
  messages?: ReadonlyArray<Message>
): ErrorContext => ({
  provider: provider.id,
  isMoonshot: provider.isMoonshot,
  model,
  secret,
  messages
})

/** A request of the host, without a body. */
export const request = (
  { headers, provider }: HttpHost,
  method: "GET" | "POST" | "DELETE",
  path: string,
  extraHeaders?: { readonly [name: string]: string }
): Request => HttpClientRequest.make(method)(provider.baseUrl + path, { headers: { ...headers, ...extraHeaders } })

/** A `POST` of JSON text. Everything but the body is built once, for all calls. */
export const jsonPost = (host: HttpHost, path: string): ((body: string) => Request) => {
  const post = request(host, "POST", path)
  return (body) => HttpClientRequest.bodyText(post, body, "application/json")
}

/** Maps a failure below HTTP. */
export const transportError =
  ({ config, provider }: HttpHost, context: ErrorContext): ((error: HttpClientError.HttpClientError) => CallError) =>
  (error) =>
    fromTransport(error, context, config, provider.proxy)

/** Milliseconds that the body of an error may take. Its status and headers are known, and most of the meaning is in them. */
const maxErrorBodyMillis = 5_000

/** The part of the time that is left to a call that the body of an error may take: no bound around it may hide the status. */
const errorBodyShare = 0.5

/** The time for the body of an error, within `timeoutMillis` from `startedAt` and within the bounds around the call. */
const errorBodyTimeout = (startedAt: number, timeoutMillis: number): Effect.Effect<Duration.Duration> =>
  Effect.zipWith(MonotonicClock.millis, CallDeadline.remainingMillis, (now, remaining) => {
    const left = Math.min(remaining, startedAt + timeoutMillis - now)
    return Duration.millis(Math.max(0, Math.min(maxErrorBodyMillis, left * errorBodyShare)))
  })

/** What is quoted of an error body that was read, or why there is none. */
const describeErrorBody = ({ isTruncated, text }: BodyText, { headers }: Response): string => {
  if (text === "" && isTruncated) return "a body that is too large for an error, or that did not arrive"
  const encoding = encodingOf(headers)
  return encoding === undefined || Result.isSuccess(parseJson(text)) ? text : `a body that is encoded as ${encoding}`
}

/** The body may break off or stall while it is read; the status alone is then enough for the mapping. */
const failWithStatus = Effect.fnUntraced(function* (
  response: Response,
  context: ErrorContext,
  timeout: Effect.Effect<Duration.Duration>
) {
  const received = yield* readBodyWithin(response, maxErrorBodyBytes, yield* timeout)
  const body = describeErrorBody(received, response)
  const now = yield* Clock.currentTimeMillis
  return yield* fromStatus({ status: response.status, headers: response.headers, body, now }, context)
})

const isOk = (status: number): boolean => status === 200

/** What differs between the requests of a host. */
export interface ExecuteOptions {
  /** The statuses of a success. Defaults to 200. */
  readonly isAccepted?: ((status: number) => boolean) | undefined
  /** The shortest timeout of the caller until the first content. Defaults to the total timeout. */
  readonly timeout?: Duration.Duration | undefined
}

/** Sends a request and waits for the head of a response with an accepted status. */
export const execute = (
  host: HttpHost,
  sent: Request,
  context: ErrorContext,
  { isAccepted = isOk, timeout = host.config.totalTimeout }: ExecuteOptions = {}
): Effect.Effect<Response, CallError> =>
  Clock.clockWith((clock) => {
    const startedAt = MonotonicClock.millisUnsafe(clock)
    return Effect.matchEffect(host.send(sent), {
      onFailure: (error) => Effect.fail(transportError(host, context)(error)),
      onSuccess: (response): Effect.Effect<Response, CallError> =>
        isAccepted(response.status)
          ? Effect.succeed(response)
          : failWithStatus(response, context, errorBodyTimeout(startedAt, Duration.toMillis(timeout)))
    })
  })

/** Message of the error for a body that does not fit its schema. */
export const notThisApi = "The response is not one of this API"

/** Reads the whole body of a response. */
export const readText = (host: HttpHost, response: Response, context: ErrorContext): Effect.Effect<string, CallError> =>
  Effect.matchEffect(readBody(response, bodyLimit(host.config)), {
    onFailure: (error) => Effect.fail(transportError(host, context)(error)),
    onSuccess: ({ isTruncated, text }): Effect.Effect<string, CallError> =>
      isTruncated ? Effect.fail(responseTooLarge(context, response, bodyLimit(host.config))) : Effect.succeed(text)
  })
