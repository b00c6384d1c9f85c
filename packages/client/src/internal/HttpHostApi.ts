/** Requests that call no model, over HTTP: the implementation of `HostApi.layerHttp`. */
import { KimiConfig } from "@kimi-effect/core/KimiConfig"
import type { HostRequestError } from "@kimi-effect/core/OperationErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import type * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"
import type { Body, HostApi, HostRequest, RequestOptions, ResponseBody } from "../HostApi.ts"
import * as Provider from "../Provider.ts"
import * as HttpCall from "./HttpCall.ts"
import type { ErrorContext } from "./mapError.ts"
import { pathIssue } from "./pathSegment.ts"
import { readBody, readBytes } from "./readBody.ts"
import { responseTooLarge, unexpectedBody } from "./responseErrors.ts"

const toHttpBody = (body: Body): HttpBody.HttpBody => {
  switch (body._tag) {
    case "Json":
      return HttpBody.text(JSON.stringify(body.value), "application/json")
    case "Multipart":
      return HttpBody.formData(body.form)
    case "Binary":
      return HttpBody.uint8Array(body.bytes, body.contentType)
    case "Stream":
      return HttpBody.stream(body.stream, body.contentType, body.contentLength)
  }
}

const toPath = ({ path, query = {} }: HostRequest): string => {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return entries.length === 0 ? path : `${path}?${new URLSearchParams(entries)}`
}

const toHttpRequest = (
  host: HttpCall.HttpHost,
  options: HostRequest,
  accept: string
): HttpClientRequest.HttpClientRequest => {
  const request = HttpCall.request(host, options.method, toPath(options), { accept })
  return options.body === undefined ? request : HttpClientRequest.setBody(request, toHttpBody(options.body))
}

/** Ends a body with an error once it has more than `limit` bytes. */
const boundedStream = (
  host: HttpCall.HttpHost,
  response: HttpClientResponse.HttpClientResponse,
  context: ErrorContext,
  limit: number
): Stream.Stream<Uint8Array, HostRequestError> =>
  Stream.suspend(() => {
    let size = 0
    return response.stream.pipe(
      Stream.mapError((error): HostRequestError => HttpCall.transportError(host, context)(error)),
      Stream.mapEffect((bytes) => {
        size += bytes.length
        return size > limit ? Effect.fail(responseTooLarge(context, response, limit)) : Effect.succeed(bytes)
      })
    )
  })

const toResponseBody = (
  host: HttpCall.HttpHost,
  response: HttpClientResponse.HttpClientResponse,
  context: ErrorContext,
  limit: number
): ResponseBody => {
  const whole = <A extends { readonly isTruncated: boolean }>(
    read: Effect.Effect<A, Parameters<ReturnType<typeof HttpCall.transportError>>[0]>
  ): Effect.Effect<A, HostRequestError> =>
    Effect.matchEffect(read, {
      onFailure: (error) => Effect.fail(HttpCall.transportError(host, context)(error)),
      onSuccess: (body) =>
        body.isTruncated ? Effect.fail(responseTooLarge(context, response, limit)) : Effect.succeed(body)
    })
  return {
    status: response.status,
    contentType: response.headers["content-type"],
    text: Effect.map(whole(readBody(response, limit)), ({ text }) => text),
    bytes: Effect.map(whole(readBytes(response, limit)), ({ bytes }) => bytes),
    stream: boundedStream(host, response, context, limit),
    unexpected: (text) => unexpectedBody(text, HttpCall.notThisApi, context, response)
  }
}

/** Builds the service of the configured host. */
export const make: Effect.Effect<HostApi["Service"], never, KimiConfig | HttpClient.HttpClient> = Effect.gen(
  function* () {
    const config = yield* KimiConfig
    const provider = Provider.fromConfig(config)
    const host = yield* HttpCall.makeHost(config, provider)
    return {
      provider: host.provider,
      request: <A>(options: RequestOptions<A>) =>
        Effect.suspend(() => {
          const issue = pathIssue(options.path)
          if (issue !== undefined) return Effect.fail(new InvalidRequestError({ message: issue, parameter: "path" }))
          const { acceptedStatuses, maxResponseBytes = HttpCall.bodyLimit(config), messages, model, response } = options
          const context = HttpCall.errorContext(host, model, messages)
          const accepted =
            acceptedStatuses === undefined ? undefined : (status: number) => acceptedStatuses.includes(status)
          return Effect.flatMap(
            HttpCall.execute(host, toHttpRequest(host, options, response.accept), context, { isAccepted: accepted }),
            (received): Effect.Effect<A, HostRequestError> =>
              response.read(toResponseBody(host, received, context, maxResponseBytes))
          )
        })
    }
  }
)
