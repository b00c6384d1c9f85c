/** A host API over an HTTP client that a test answers, without sockets. */
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { Context, Effect, Layer, Redacted } from "effect"
import { HttpClient, type HttpClientRequest, HttpClientResponse } from "effect/http"
import * as HostApi from "../../src/HostApi.ts"

export const key = "sk-test-0123456789abcdef"

/** The base URL of the host. */
export const base = "https://api.moonshot.ai/v1"

/** A request without a response format. */
export const get = { operation: "test", method: "GET", path: "/things" } as const

/** A response in the host's error format. */
export const errorResponse = (status: number, message: string, type = "invalid_request_error"): Response =>
  Response.json({ error: { message, type } }, { status })

/** A request as it reaches the host. */
export interface SentRequest {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string | undefined }
  readonly body: HttpClientRequest.HttpClientRequest["body"]
}

/** Builds the service, and the list of requests that it sends. */
export const hostApiOver = (respond: (request: SentRequest) => Response, options: KimiConfig.Options = {}) =>
  Effect.gen(function* () {
    const sent: Array<SentRequest> = []
    const http = HttpClient.make((request, url) =>
      Effect.sync(() => {
        const received = { method: request.method, url: url.href, headers: request.headers, body: request.body }
        sent.push(received)
        return HttpClientResponse.fromWeb(request, respond(received))
      })
    )
    const context = yield* Layer.build(
      HostApi.layerHttp.pipe(
        Layer.provide(Layer.succeed(HttpClient.HttpClient, http)),
        Layer.provide(KimiConfig.layer({ apiKey: Redacted.make(key), ...options }))
      )
    )
    return { api: Context.get(context, HostApi.HostApi), sent }
  })
