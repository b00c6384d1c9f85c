/** The key and the prompt in values of the client, in errors for rejected options and requests, and in requests. */
import { createServer, type Server as TcpServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { ConfigProvider, Context, Effect, Exit, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import * as HttpClient from "effect/http/HttpClient"
import * as ChatTransport from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import * as KimiNode from "../src/node/KimiNode.ts"
import * as UndiciHttpClient from "../src/node/UndiciHttpClient.ts"
import * as Canary from "./node/support/canary.ts"
import { connect, withKimi } from "./node/support/kimi.ts"

const apiKey = Redacted.make(Canary.key)

const assertClean = (name: string, texts: ReadonlyArray<string>): void => {
  for (const text of texts) {
    const canary = Canary.canaryIn(text)
    if (canary !== undefined) assert.fail(`${name}: found ${canary} in:\n${text}`)
  }
}

describe("the key is not in the text of", () => {
  it.live("the services with the layers that contain it", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const options = { apiKey, baseUrl: server.url }
        const config = KimiConfig.layer(options)
        const layers = {
          "KimiNode.layer": KimiNode.layer(options),
          "KimiClient.layer": KimiClient.layer(options),
          "KimiConfig.layer": config,
          "KimiConfig.make": KimiConfig.make(options)
        }
        for (const [name, layer] of Object.entries(layers)) assertClean(name, Canary.texts(layer))

        const services = yield* Layer.build(
          KimiClient.layerTransport.pipe(
            Layer.provideMerge(ChatTransport.layerHttp),
            Layer.provideMerge(UndiciHttpClient.layer),
            Layer.provideMerge(config)
          )
        )
        assertClean("all services", Canary.texts(services))
        const client = Context.get(services, KimiClient.KimiClient)
        // After a call, the pool has a connection over which the key was sent.
        yield* client.chat(Canary.request)
        const stream = client.stream(Canary.request)
        const held = {
          KimiConfig: Context.get(services, KimiConfig.KimiConfig),
          ChatTransport: Context.get(services, ChatTransport.ChatTransport),
          HttpClient: Context.get(services, HttpClient.HttpClient),
          KimiClient: client,
          "KimiClient.models": client.models,
          "KimiClient.balance": client.balance
        }
        for (const [name, service] of Object.entries(held)) assertClean(name, Canary.texts(service))
        assert.isUndefined(Canary.texts(stream).find((text) => text.includes(Canary.key)))
        assert.isUndefined(Canary.texts(client.chat(Canary.request)).find((text) => text.includes(Canary.key)))
      })
    )
  )
})

describe("a key that cannot be sent", () => {
  const broken = [
    `${Canary.key}\nx-injected: 1`,
    `${Canary.key}\r\n`,
    `${Canary.key} `,
    `${Canary.key}é`,
    `${Canary.key}\u{1f511}`,
    `${Canary.key}\u0000`,
    `\u200b${Canary.key}`
  ]
  for (const value of broken) {
    it.effect(`is rejected without its value: ${JSON.stringify(value.replace(Canary.key, "<key>"))}`, () =>
      Effect.gen(function* () {
        const inCode = KimiNode.layer({ apiKey: Redacted.make(value) })
        const inFile = Layer.provide(
          KimiNode.layerConfig(),
          ConfigProvider.layer(ConfigProvider.fromUnknown({ KIMI_API_KEY: value }))
        )
        for (const [layer, name] of [
          [inCode, "apiKey"],
          [inFile, "KIMI_API_KEY"]
        ] as const) {
          const { exit, texts } = yield* Canary.watch(Effect.scoped(Layer.build(layer)))
          assert.isTrue(Exit.isFailure(exit))
          assertClean(name, texts)
          const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
          assert.strictEqual(error._tag, "ConfigurationError")
          assert.deepStrictEqual(
            error.issues.map((issue) => issue.name),
            [name]
          )
        }
      })
    )
  }
})

describe("a request that is rejected before it is sent", () => {
  const { prompt } = Canary
  const user = { role: "user", content: prompt } as const
  const call = { id: "a_0", type: "function", function: { name: "a", arguments: `{"x":"${prompt}"}` } } as const
  const tool = {
    type: "function",
    function: { name: "a", description: prompt, parameters: { type: "object" } }
  } as const
  // Callers without types can send malformed requests.
  const requests: { readonly [problem: string]: unknown } = {
    "no messages": { messages: prompt },
    "a role that does not exist": { messages: [{ role: prompt, content: prompt }] },
    "content of the wrong type": { messages: [user, { role: "user", content: { text: prompt } }] },
    "a part of the wrong type": { messages: [{ role: "user", content: [{ type: "text", text: [prompt] }] }] },
    "an unknown member": { messages: [user], stop_sequences: [prompt] },
    "an empty message": { messages: [user, { role: "user", content: "" }] },
    "an unsupported parameter": { messages: [user], temperature: 0.2 },
    "too long a stop text": { messages: [user], stop: prompt.repeat(4) },
    "media by URL": {
      messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: `https://x.example/${prompt}` } }] }]
    },
    "an unanswered tool call": {
      messages: [user, { role: "assistant", content: prompt, tool_calls: [call] }, user],
      tools: [tool]
    },
    "a tool result without a call": {
      messages: [user, { role: "tool", tool_call_id: "b", content: prompt }],
      tools: [tool]
    },
    "an unusable tool": {
      messages: [user],
      tools: [{ type: "function", function: { name: "a b", description: prompt, parameters: { type: prompt } } }]
    },
    "a retired model": { messages: [user], model: "kimi-k2-0711-preview" },
    "more than the window": { messages: [{ role: "user", content: prompt.repeat(200_000) }] }
  }
  for (const [problem, request] of Object.entries(requests)) {
    it.live(`has no content in its error: ${problem}`, () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            for (const effect of [
              client.chat(request as ChatRequest),
              Stream.runDrain(client.stream(request as ChatRequest))
            ]) {
              const { exit, texts } = yield* Canary.watch(effect)
              assert.isTrue(Exit.isFailure(exit))
              assertClean(problem, texts)
            }
            assert.deepStrictEqual(yield* server.requests, [])
          }),
        { client: { apiKey } }
      )
    )
  }

  it.live("is repaired with a warning without content", () =>
    withKimi(
      (client) =>
        Effect.gen(function* () {
          const { exit, texts } = yield* Canary.watch(client.chat({ ...Canary.request, temperature: 0.2, top_p: 0.3 }))
          assert.isTrue(Exit.isSuccess(exit))
          assert.isDefined(texts.find((text) => text.includes("temperature")))
          assertClean("the log of a repair", texts)
        }),
      { client: { apiKey, requestPolicy: "repair" } }
    )
  )
})

const isWhole = (request: string): boolean => {
  const [head = "", ...body] = request.split("\r\n\r\n")
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
  return body.length > 0 && body.join("\r\n\r\n").length >= length
}

/** Records the bytes of requests, and fails each of them. */
const wiretap = Effect.gen(function* () {
  const received: Array<string> = []
  const server = yield* Effect.acquireRelease(
    Effect.callback<TcpServer>((resume) => {
      const server: TcpServer = createServer((socket) => {
        let request = ""
        socket.on("error", () => {})
        socket.on("data", (data) => {
          request += data.toString("latin1")
          if (!isWhole(request)) return
          received.push(request)
          socket.end("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        })
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )
  const address = server.address()
  return { received, port: typeof address === "object" && address !== null ? address.port : 0 }
})

describe("in requests", () => {
  for (const http of ["undici", "fetch"] as const) {
    it.live(`the key is only in the authorization header (${http})`, () =>
      withKimi((_, server) =>
        Effect.gen(function* () {
          const tap = yield* wiretap
          const client = yield* connect(server, { apiKey, baseUrl: `http://127.0.0.1:${tap.port}/v1` }, http)
          yield* Effect.flip(client.chat(Canary.request))
          yield* Effect.flip(Stream.runDrain(client.stream(Canary.request)))
          yield* Effect.flip(client.models)
          yield* Effect.flip(client.balance)
          yield* Effect.flip(client.estimateTokens(Canary.request))
          assert.strictEqual(tap.received.length, 5)
          for (const request of tap.received) {
            assert.strictEqual(request.split(Canary.key).length, 2)
            assert.match(request, new RegExp(`^authorization: Bearer ${Canary.key}\r$`, "im"))
          }
        })
      )
    )

    it.live(`the key is sent only to the configured host (${http})`, () =>
      withKimi((_, server) =>
        Effect.gen(function* () {
          const other = yield* MockServer.make()
          const headers = { location: other.url, refresh: `0; url=${other.url}`, link: `<${other.url}>; rel=preload` }
          yield* server.replyAlways(Reply.chatResponse({ content: "Hi" }, { headers }))
          const client = yield* connect(server, { apiKey }, http)
          yield* client.chat(Canary.request)
          yield* Stream.runDrain(client.stream(Canary.request))
          assert.strictEqual(yield* other.openConnections, 0)
        })
      )
    )
  }
})

describe("a client on the application's own fetch", () => {
  it.live("does not put the key into a shared RequestInit", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const shared: RequestInit = { headers: { "x-shared": "1" } }
        const layer = KimiClient.layer({ apiKey, baseUrl: server.url }).pipe(
          Layer.provide(FetchHttpClient.layer),
          Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, shared))
        )
        const client = Context.get(yield* Layer.build(layer), KimiClient.KimiClient)
        yield* client.chat(Canary.request).pipe(Effect.provideService(FetchHttpClient.RequestInit, shared))
        assert.deepStrictEqual(shared, { headers: { "x-shared": "1" } })
        assert.strictEqual((yield* server.requests)[0]?.headers["x-shared"], "1")
      })
    )
  )
})
