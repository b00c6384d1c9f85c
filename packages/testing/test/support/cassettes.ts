/** Cassettes in memory below a plain HTTP client, in front of a host that is a function. */
import { assert } from "@effect/vitest"
import { CassetteMissError } from "@kimi-effect/core/CassetteErrors"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Cassette from "../../src/Cassette.ts"
import * as CassetteStore from "../../src/CassetteStore.ts"

/** Variables of the environment; none by default, so that a test behaves the same in continuous integration. */
export const variables = (env: Record<string, string> = {}) => ConfigProvider.layer(ConfigProvider.fromUnknown(env))

/** A host that counts the requests it receives. */
export const host = (respond: (body: string, count: number) => Response) => {
  const received: Array<HttpClientRequest.HttpClientRequest> = []
  const client = HttpClient.make((request) =>
    Effect.sync(() => {
      received.push(request)
      const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      return HttpClientResponse.fromWeb(request, respond(body, received.length))
    })
  )
  return { received, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

export const json = (value: unknown, headers?: Record<string, string>): Response =>
  new Response(JSON.stringify(value), { headers: { "content-type": "application/json", ...headers } })

export const chatUrl = "https://api.moonshot.ai/v1/chat/completions"

/** Posts JSON with the client of the context. */
export const post = (
  body: unknown,
  { headers = {}, url = chatUrl }: { headers?: Record<string, string>; url?: string } = {}
) =>
  HttpClient.execute(
    HttpClientRequest.post(url).pipe(
      HttpClientRequest.setHeaders(headers),
      HttpClientRequest.bodyText(JSON.stringify(body), "application/json")
    )
  )

/** The text of the response to a posted body. */
export const ask = (body: unknown, options?: Parameters<typeof post>[1]) =>
  Effect.flatMap(post(body, options), (response) => response.text)

/** One use of a cassette, from its layer to its release. */
export const use =
  (options: Partial<Cassette.Options>, below: Layer.Layer<HttpClient.HttpClient>, env: Record<string, string> = {}) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provide(
      effect,
      Cassette.layer({ name: "test", ...options }).pipe(Layer.provide(below), Layer.provide(variables(env)))
    )

/** The text of the cassette. */
export const fileText = Effect.flatMap(CassetteStore.CassetteStore, (store) =>
  Effect.map(store.read("test"), (text) => text ?? "")
)

/** A store for one test. */
export const store = Effect.provide(CassetteStore.layerMemory())

export const hello = { model: "kimi-k3", messages: [{ role: "user", content: "Hello!" }] }

/** A host that numbers its answers. */
export const counting = () => host((_, count) => json({ answer: count }))

/** The error of a request that the cassette does not contain. */
export const missOf = (error: unknown): CassetteMissError => {
  assert.isTrue(HttpClientError.isHttpClientError(error))
  assert.instanceOf((error as HttpClientError.HttpClientError).cause, CassetteMissError)
  return (error as HttpClientError.HttpClientError).cause as CassetteMissError
}
