import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import * as ChatTransport from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { hello, key } from "./node/support/kimi.ts"
import { eventsOf, responseOf } from "./support/responses.ts"

const response = responseOf({ content: "From the stub." })
const events = eventsOf({ content: "From the stub." })

/** A client on a transport without HTTP that records its requests. */
const clientOn = (requests: Array<ModelRequest>) =>
  KimiClient.layerTransport.pipe(
    Layer.provide(
      Layer.succeed(ChatTransport.ChatTransport, {
        provider: providers.together,
        chat: (request) => Effect.sync(() => (requests.push(request), response)),
        stream: (request) => Stream.suspend(() => (requests.push(request), Stream.fromIterable(events)))
      })
    ),
    Layer.provide(KimiConfig.layer({ apiKey: Redacted.make(key), provider: "together" }))
  )

describe("a ChatTransport without HTTP", () => {
  it.effect("returns the response of a chat", () =>
    Effect.gen(function* () {
      const client = yield* KimiClient.KimiClient
      assert.strictEqual(yield* client.chat(hello), response)
    }).pipe(Effect.provide(clientOn([])))
  )

  it.effect("returns the events of a stream", () =>
    Effect.gen(function* () {
      const client = yield* KimiClient.KimiClient
      assert.deepStrictEqual(yield* Stream.runCollect(client.stream(hello)), [...events])
    }).pipe(Effect.provide(clientOn([])))
  )

  it.effect("receives requests with the default model of its provider", () => {
    const requests: Array<ModelRequest> = []
    return Effect.gen(function* () {
      const client = yield* KimiClient.KimiClient
      yield* client.chat(hello)
      assert.deepStrictEqual(requests, [{ ...hello, model: "moonshotai/Kimi-K2.5" }])
    }).pipe(Effect.provide(clientOn(requests)))
  })

  it.effect("receives requests with the model that they name", () => {
    const requests: Array<ModelRequest> = []
    return Effect.gen(function* () {
      const client = yield* KimiClient.KimiClient
      yield* Stream.runDrain(client.stream({ ...hello, model: "moonshotai/Kimi-K2.6" }))
      assert.deepStrictEqual(requests, [{ ...hello, model: "moonshotai/Kimi-K2.6" }])
    }).pipe(Effect.provide(clientOn(requests)))
  })

  it.effect("receives no request that the request check rejects", () => {
    const requests: Array<ModelRequest> = []
    return Effect.gen(function* () {
      const client = yield* KimiClient.KimiClient
      const error = yield* Effect.flip(client.chat({ messages: [{ role: "user", content: "" }] }))
      assert.strictEqual(error._tag, "EmptyMessageError")
      assert.deepStrictEqual(requests, [])
    }).pipe(Effect.provide(clientOn(requests)))
  })
})

describe("ChatTransport.layerHttp", () => {
  const withTransport = <A, E>(test: (transport: ChatTransport.ChatTransport["Service"]) => Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      const server = yield* MockServer.MockServer
      const layer = ChatTransport.layerHttp.pipe(
        Layer.provide(KimiConfig.layer({ apiKey: Redacted.make(key), baseUrl: server.url })),
        Layer.provide(FetchHttpClient.layer)
      )
      const result = yield* Effect.flatMap(ChatTransport.ChatTransport, test).pipe(Effect.provide(layer))
      assert.strictEqual((yield* server.requests).length, 1)
      return result
    }).pipe(Effect.provide(MockServer.layer()))

  it.live("makes one attempt of a chat over any HttpClient", () =>
    withTransport((transport) =>
      Effect.gen(function* () {
        const { finishReason } = yield* transport.chat({ ...hello, model: "kimi-k3" })
        assert.strictEqual(finishReason, "stop")
      })
    )
  )

  it.live("makes one attempt of a stream over any HttpClient", () =>
    withTransport((transport) =>
      Effect.gen(function* () {
        const streamed = yield* Stream.runCollect(transport.stream({ ...hello, model: "kimi-k3" }))
        assert.strictEqual(streamed.at(-1)?._tag, "Finish")
      })
    )
  )
})
