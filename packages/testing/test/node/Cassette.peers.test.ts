/**
 * A cassette that was recorded from the server replays byte for byte, below our
 * client and, served by another server, to clients of other projects.
 */
import { createMoonshotAI } from "@ai-sdk/moonshotai"
import { assert, describe, layer } from "@effect/vitest"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import { generateText, jsonSchema, streamText, tool, type ToolSet } from "ai"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import OpenAI from "openai"
import * as Cassette from "../../src/Cassette.ts"
import * as CassetteStore from "../../src/CassetteStore.ts"
import * as MockServer from "../../src/node/MockServer.ts"
import { variables } from "../support/cassettes.ts"

const key = "sk-peer-0123456789"
const parameters = {
  type: "object",
  properties: { location: { type: "string" } },
  required: ["location"]
} as const

const rawQuestion = { model: "kimi-k3", messages: [{ role: "user", content: "Hello!" }] }

/** What a client received: the bytes of each response, and what it made of them. */
interface Received {
  readonly bytes: ReadonlyArray<string>
  readonly results: ReadonlyArray<unknown>
}

/** Runs the calls of a client one after the other, each with the bytes of its responses. */
type Peer = (url: string, fetch: typeof globalThis.fetch) => Promise<ReadonlyArray<unknown>>

const collect = async <A>(items: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const collected: Array<A> = []
  for await (const item of items) collected.push(item)
  return collected
}

const openai: Peer = async (url, fetch) => {
  const client = new OpenAI({ baseURL: url, apiKey: key, maxRetries: 0, fetch })
  const question = { model: "kimi-k3", messages: [{ role: "user" as const, content: "Hello world!" }] }
  const tools = [{ type: "function" as const, function: { name: "get_weather", parameters } }]
  return [
    await client.chat.completions.create(question),
    await collect(await client.chat.completions.create({ ...question, stream: true })),
    await client.chat.completions.create({ ...question, tools }),
    await collect(await client.models.list()),
    await client.chat.completions
      .create({ ...question, temperature: 0.3 })
      .catch((error: unknown) => (error instanceof OpenAI.APIError ? [error.status, error.message] : error))
  ]
}

const aiSdk: Peer = async (url, fetch) => {
  const model = createMoonshotAI({ baseURL: url, apiKey: key, fetch })("kimi-k3")
  const tools: ToolSet = { get_weather: tool({ inputSchema: jsonSchema(parameters), execute: async () => "18" }) }
  const plain = await generateText({ model, prompt: "Hello world!", maxRetries: 0 })
  const called = await generateText({ model, prompt: "Weather?", tools, maxRetries: 0 })
  const streamed = streamText({ model, prompt: "Hello world!", maxRetries: 0 })
  return [
    [plain.text, plain.reasoningText, plain.usage],
    called.toolCalls.map(({ input, toolName }) => [toolName, input]),
    [await streamed.text, await streamed.reasoningText, await streamed.usage]
  ]
}

const run = (peer: Peer, url: string): Effect.Effect<Received> =>
  Effect.promise(async () => {
    const bytes: Array<Promise<string>> = []
    const results = await peer(url, async (input, init) => {
      const response = await fetch(input, init)
      bytes.push(
        response
          .clone()
          .arrayBuffer()
          .then((body) => `${response.status} ${Buffer.from(body).toString("hex")}`)
      )
      return response
    })
    return { bytes: await Promise.all(bytes), results }
  })

/** Sends the requests that a server has received once more, through a cassette that records. */
const recordAgain = Effect.fnUntraced(function* (server: MockServer.MockServer["Service"]) {
  for (const { body, method, path } of yield* server.requests) {
    const url = new URL(path, server.url).href
    const request = HttpClientRequest.make(method as "POST")(url, { headers: { authorization: `Bearer ${key}` } })
    const response = yield* HttpClient.execute(
      body === "" ? request : HttpClientRequest.bodyText(request, body, "application/json")
    )
    yield* response.arrayBuffer
  }
})

const cassette = (mode: Cassette.Mode) =>
  Cassette.layer({ name: "peers", mode }).pipe(Layer.provide(FetchHttpClient.layer), Layer.provide(variables()))

layer(MockServer.layer({ apiKey: key }))((it) => {
  describe("a cassette of the server", () => {
    for (const [name, peer] of Object.entries({ openai, "@ai-sdk/moonshotai": aiSdk })) {
      it.effect(`replays byte for byte to ${name}`, () =>
        Effect.gen(function* () {
          const server = yield* MockServer.MockServer
          yield* server.reset
          const original = yield* run(peer, server.url)
          yield* recordAgain(server).pipe(Effect.provide(cassette("record")))
          const replaying = yield* MockServer.make({ cassette: yield* Cassette.read("peers") })
          const replayed = yield* run(peer, replaying.url)
          assert.isAtLeast(original.bytes.length, 3)
          assert.deepStrictEqual(replayed, original)
        }).pipe(Effect.provide(CassetteStore.layerMemory()))
      )
    }

    it.effect("replays byte for byte below KimiClient", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.MockServer
        const use = (mode: Cassette.Mode) =>
          Effect.gen(function* () {
            const http = yield* Layer.build(cassette(mode))
            const bytes = yield* Effect.forEach([{}, { stream: true }], (members) =>
              HttpClientRequest.post(`${server.url}/chat/completions`, {
                headers: { authorization: `Bearer ${key}` }
              }).pipe(
                HttpClientRequest.bodyText(JSON.stringify({ ...rawQuestion, ...members }), "application/json"),
                Context.get(http, HttpClient.HttpClient).execute,
                Effect.flatMap((response) => response.arrayBuffer),
                Effect.map((body) => Buffer.from(body).toString("hex"))
              )
            )
            const client = yield* Layer.build(
              KimiClient.layer({ apiKey: Redacted.make(key), baseUrl: server.url }).pipe(
                Layer.provide(Layer.succeed(HttpClient.HttpClient, Context.get(http, HttpClient.HttpClient)))
              )
            )
            const kimi = Context.get(client, KimiClient.KimiClient)
            const question = { messages: [{ role: "user" as const, content: "Hello world!" }] }
            const chat = yield* kimi.chat(question)
            const events = yield* Stream.runCollect(kimi.stream(question))
            return { bytes, chat: [chat.choices, chat.usage], events, models: yield* kimi.models }
          }).pipe(Effect.scoped)
        const recorded = yield* use("record")
        yield* server.reset
        assert.deepStrictEqual(yield* use("replay"), recorded)
        assert.deepStrictEqual(yield* server.requests, [])
      }).pipe(Effect.provide(CassetteStore.layerMemory()))
    )

    it.effect("answers a request that it does not contain with the difference", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.MockServer
        yield* server.reset
        yield* run(openai, server.url)
        yield* recordAgain(server).pipe(Effect.provide(cassette("record")))
        const replaying = yield* MockServer.make({ cassette: yield* Cassette.read("peers") })
        const client = new OpenAI({ baseURL: replaying.url, apiKey: key })
        const error = yield* Effect.flip(
          Effect.tryPromise(() =>
            client.chat.completions.create({ model: "kimi-k3", messages: [{ role: "user", content: "Bye!" }] })
          )
        )
        assert.include(String(error.cause), "differs in messages[0].content")
        // The client did not send it again.
        assert.strictEqual((yield* replaying.requests).length, 1)
      }).pipe(Effect.provide(CassetteStore.layerMemory()))
    )

    it.effect("starts from the beginning after a reset", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.MockServer
        yield* server.reset
        const original = yield* run(aiSdk, server.url)
        yield* recordAgain(server).pipe(Effect.provide(cassette("record")))
        const replaying = yield* MockServer.make({ cassette: yield* Cassette.read("peers") })
        yield* run(aiSdk, replaying.url)
        yield* replaying.reset
        assert.deepStrictEqual(yield* run(aiSdk, replaying.url), original)
      }).pipe(Effect.provide(CassetteStore.layerMemory()))
    )
  })
})
