import { assert, describe, it } from "@effect/vitest"
import { ServerError } from "@kimi-effect/core/ProviderErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import * as ChatTransport from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { hello, key } from "./node/support/kimi.ts"

const response = new ChatResponse({
  id: "chatcmpl-1",
  model: "kimi-k3",
  created: 1,
  choices: [{ index: 0, message: { role: "assistant", content: "From the stub." }, finish_reason: "stop" }]
})
const events: ReadonlyArray<StreamEvent> = [
  { _tag: "Start", id: "chatcmpl-1", model: "kimi-k3", created: 1 },
  { _tag: "TextDelta", choice: 0, text: "From the stub." },
  { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
]

/** A transport without HTTP that notes what it was asked. */
const stub = (asked: Array<ModelRequest>) =>
  Layer.succeed(ChatTransport.ChatTransport, {
    provider: providers.together,
    chat: (request) => Effect.sync(() => (asked.push(request), response)),
    stream: (request) => Stream.suspend(() => (asked.push(request), Stream.fromIterable(events))),
    models: Effect.succeed([]),
    estimateTokens: (model, messages) => Effect.succeed(model.length + messages.length),
    balance: Effect.fail(new ServerError({ message: "no money here" }))
  })

const config = KimiConfig.layer({ apiKey: Redacted.make(key), provider: "together" })

describe("a transport in place of HTTP", () => {
  it.effect("answers every operation of the client", () => {
    const asked: Array<ModelRequest> = []
    return Effect.gen(function* () {
      const client = yield* KimiClient.KimiClient
      assert.strictEqual(yield* client.chat(hello), response)
      assert.deepStrictEqual(yield* Stream.runCollect(client.stream(hello)), [...events])
      assert.deepStrictEqual(yield* client.models, [])
      assert.strictEqual(yield* client.estimateTokens({ model: "abc", messages: hello.messages }), 4)
      assert.strictEqual((yield* Effect.flip(client.balance)).message, "no money here")
    }).pipe(Effect.provide(KimiClient.layerTransport.pipe(Layer.provide([stub(asked), config]))))
  })

  it.effect("gets requests whose model is settled, by its own host's default", () => {
    const asked: Array<ModelRequest> = []
    return Effect.gen(function* () {
      const client = yield* KimiClient.KimiClient
      yield* client.chat(hello)
      yield* Stream.runDrain(client.stream({ ...hello, model: "moonshotai/Kimi-K2.6" }))
      assert.deepStrictEqual(asked, [
        { ...hello, model: "moonshotai/Kimi-K2.5" },
        { ...hello, model: "moonshotai/Kimi-K2.6" }
      ])
    }).pipe(Effect.provide(KimiClient.layerTransport.pipe(Layer.provide([stub(asked), config]))))
  })

  it.effect("gets no request that the client refuses", () => {
    const asked: Array<ModelRequest> = []
    return Effect.gen(function* () {
      const client = yield* KimiClient.KimiClient
      const error = yield* Effect.flip(client.chat({ messages: [{ role: "user", content: "" }] }))
      assert.strictEqual(error._tag, "EmptyMessageError")
      assert.deepStrictEqual(asked, [])
    }).pipe(Effect.provide(KimiClient.layerTransport.pipe(Layer.provide([stub(asked), config]))))
  })
})

describe("ChatTransport.layerHttp", () => {
  it.live("makes one attempt over any HttpClient", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.MockServer
      const layer = ChatTransport.layerHttp.pipe(
        Layer.provide(KimiConfig.layer({ apiKey: Redacted.make(key), baseUrl: server.url })),
        Layer.provide(FetchHttpClient.layer)
      )
      const program = Effect.gen(function* () {
        const transport = yield* ChatTransport.ChatTransport
        assert.strictEqual(transport.provider.baseUrl, server.url)
        const answer = yield* transport.chat({ ...hello, model: "kimi-k3" })
        assert.strictEqual(answer.finishReason, "stop")
        const streamed = yield* Stream.runCollect(transport.stream({ ...hello, model: "kimi-k3" }))
        assert.strictEqual(streamed.at(-1)?._tag, "Finish")
        assert.strictEqual((yield* server.requests).length, 2)
      })
      yield* Effect.provide(program, layer)
    }).pipe(Effect.provide(MockServer.layer()))
  )
})
