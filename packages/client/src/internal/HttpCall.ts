/** One HTTP call: the request's frame, the bound on the answer, and every failure as one of our errors. */
import type { CallError } from "@kimi-effect/core/OperationErrors"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import { ResponseTooLargeError } from "@kimi-effect/core/ResourceErrors"
import type { Values } from "@kimi-effect/core/KimiConfig"
import { ErrorBody } from "@kimi-effect/core/internal/ErrorBody"
import type { Message } from "@kimi-effect/core/Message"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Provider } from "../Provider.ts"
import { isolate } from "./isolation.ts"
import { type ErrorContext, fromErrorObject, fromStatus, responseIds } from "./mapError.ts"
import { fromTransport } from "./mapTransportError.ts"
import { readBody } from "./readBody.ts"
import { scrubWord } from "./scrub.ts"

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse
type Decoder<A> = (input: unknown) => Result.Result<A, Schema.SchemaError>

/** Error bodies are a few hundred bytes; pages of gateways a few thousand. */
const maxErrorBodyBytes = 64 * 1024

const decodeErrorBody = Schema.decodeUnknownOption(ErrorBody)

const parseJson = (text: string): Result.Result<unknown, unknown> => Result.try((): unknown => JSON.parse(text))

/** Builds the calls of one host. */
export const make = Effect.fnUntraced(function* (config: Values, provider: Provider) {
  const send = isolate(yield* HttpClient.HttpClient)
  const secret = config.apiKey === undefined ? undefined : Redacted.value(config.apiKey)
  const headers = {
    accept: "application/json",
    ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` })
  }

  /** What errors say of a call. */
  const describe = (model: string | undefined, messages?: ReadonlyArray<Message>): ErrorContext => ({
    provider: provider.id,
    isMoonshot: provider.isMoonshot,
    model,
    secret,
    messages
  })

  const get = (path: string): Request => HttpClientRequest.get(provider.baseUrl + path, { headers })

  /** The frame of a request is the same for every call; only the body differs. */
  const post = (path: string): ((body: string) => Request) => {
    const frame = HttpClientRequest.post(provider.baseUrl + path, { headers })
    return (body) => HttpClientRequest.bodyText(frame, body, "application/json")
  }

  const onTransport = (call: ErrorContext) => (error: HttpClientError.HttpClientError) =>
    fromTransport(error, call, config)

  const tooLarge = (call: ErrorContext, headers: Headers.Headers) =>
    new ResponseTooLargeError({
      message: "The answer is larger than allowed",
      provider: call.provider,
      limit: config.maxResponseBytes,
      ...(call.model === undefined ? {} : { model: call.model }),
      ...responseIds(headers, call.secret)
    })

  const invalid = (message: string, call: ErrorContext, response: Response) => {
    const contentType = response.headers["content-type"]
    return new InvalidResponseError({
      message,
      provider: call.provider,
      status: response.status,
      ...(call.model === undefined ? {} : { model: call.model }),
      ...(contentType === undefined ? {} : { contentType: scrubWord(contentType, call.secret) }),
      ...responseIds(response.headers, call.secret)
    })
  }

  /** A refusal may break off while it is read; what arrived is enough to tell its meaning by the status. */
  const failWithStatus = Effect.fnUntraced(function* (response: Response, call: ErrorContext) {
    const { isTruncated, text } = yield* Effect.orElseSucceed(readBody(response, maxErrorBodyBytes), () => ({
      isTruncated: false,
      text: ""
    }))
    const body = isTruncated && text === "" ? "a body that is too large for an error" : text
    const now = yield* Clock.currentTimeMillis
    return yield* fromStatus({ status: response.status, headers: response.headers, body, now }, call)
  })

  /** Sends and waits for the head of a successful answer. */
  const execute = (request: Request, call: ErrorContext): Effect.Effect<Response, CallError> =>
    Effect.matchEffect(send(request), {
      onFailure: (error) => Effect.fail(onTransport(call)(error)),
      onSuccess: (response): Effect.Effect<Response, CallError> =>
        response.status === 200 ? Effect.succeed(response) : failWithStatus(response, call)
    })

  /** Fails with what a body is, when it is not what was asked for: an error object in place of an answer, or a page. */
  const unusable = (
    text: string,
    message: string,
    call: ErrorContext,
    response: Response
  ): Effect.Effect<never, CallError> => {
    const error = Option.map(Option.flatMap(Result.getSuccess(parseJson(text)), decodeErrorBody), (body) => body.error)
    if (Option.isNone(error)) return Effect.fail(invalid(message, call, response))
    const object = typeof error.value === "string" ? { message: error.value } : error.value
    const mapped = fromErrorObject(object, response.headers, call)
    return Effect.fail(mapped._tag === "StreamFailedError" ? invalid(mapped.message, call, response) : mapped)
  }

  /** Reads a body that is not what was asked for, and fails with what it is. */
  const unexpected = (response: Response, call: ErrorContext, message: string): Effect.Effect<never, CallError> =>
    readBody(response, maxErrorBodyBytes).pipe(
      Effect.mapError(onTransport(call)),
      Effect.flatMap(({ text }) => unusable(text, message, call, response))
    )

  /** Sends, reads the whole answer, and decodes it. */
  const json = <A>(
    request: Request,
    call: ErrorContext,
    decode: Decoder<A>
  ): Effect.Effect<readonly [A, Headers.Headers], CallError> =>
    Effect.flatMap(execute(request, call), (response) =>
      Effect.matchEffect(readBody(response, config.maxResponseBytes), {
        onFailure: (error) => Effect.fail(onTransport(call)(error)),
        onSuccess: ({ text, isTruncated }): Effect.Effect<readonly [A, Headers.Headers], CallError> => {
          if (isTruncated) return Effect.fail(tooLarge(call, response.headers))
          const parsed = parseJson(text)
          const decoded = Result.isSuccess(parsed) ? decode(parsed.success) : undefined
          return decoded !== undefined && Result.isSuccess(decoded)
            ? Effect.succeed([decoded.success, response.headers] as const)
            : unusable(text, "The host answered with something that is not its API", call, response)
        }
      })
    )

  return { describe, get, post, execute, unexpected, json }
})
