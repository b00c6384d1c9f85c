import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import { Fault, Reply } from "@kimi-effect/testing"
import { Fixtures } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Option, Stream } from "effect"
import { ChatTransport } from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { hello, ids, plainIds, withKimi } from "./node/support/kimi.ts"
import { transportOf } from "./support/hosts.ts"
import { usageOf } from "./support/responses.ts"

const usage = usageOf(113, 157, 127)

interface Chunk {
  readonly choices: ReadonlyArray<{
    readonly delta: { readonly reasoning_content?: string; readonly content?: string }
  }>
}

/** The content of the recorded stream, read without the client. */
const recordedDeltas: ReadonlyArray<StreamEvent> = Fixtures.sse("stream-01-include-usage")
  .split("\n")
  .filter((line) => line.startsWith("data: {"))
  .flatMap((line) => {
    const { choices }: Chunk = JSON.parse(line.slice(6))
    return choices.flatMap(({ delta }): ReadonlyArray<StreamEvent> =>
      delta.reasoning_content
        ? [{ _tag: "ReasoningDelta", choice: 0, text: delta.reasoning_content }]
        : delta.content
          ? [{ _tag: "TextDelta", choice: 0, text: delta.content }]
          : []
    )
  })

const recordedEvents: ReadonlyArray<StreamEvent> = [
  {
    _tag: "Start",
    id: "chatcmpl-6a5a94402c5b15ae3c2ccb5b",
    model: "kimi-k3",
    created: 1784321103,
    provider: "moonshot",
    ...ids
  },
  ...recordedDeltas,
  { _tag: "Usage", usage },
  { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
]

describe("KimiClient.chat", () => {
  it.live("returns all members of the recorded response", () =>
    withKimi((client) =>
      Effect.gen(function* () {
        const answer = yield* client.chat(hello)
        assert.strictEqual(
          answer.text,
          "Hello! 👋 Nice classic greeting — the first program many of us ever write.\n\nWhat can I help you with today?"
        )
        assert.match(answer.reasoning, /^The user/)
        assert.strictEqual(answer.finishReason, "stop")
        assert.deepStrictEqual(answer.usage, {
          prompt_tokens: 88,
          completion_tokens: 196,
          total_tokens: 284,
          cached_tokens: 88,
          cache_write_tokens: 0,
          reasoning_tokens: 156
        })
        const { id, model, provider, requestId, traceId } = answer
        assert.deepStrictEqual(
          { id, model, provider, requestId, traceId },
          { id: "chatcmpl-6a5a9561c95b1c06317b3389", model: "kimi-k3", provider: "moonshot", ...plainIds }
        )
      })
    )
  )

  const tools = [{ type: "function" as const, function: { name: "get_weather", parameters: { type: "object" } } }]
  const asked = { messages: [{ role: "user" as const, content: "Weather?" }], tools }

  it.live("returns tool calls", () =>
    withKimi((client) =>
      Effect.gen(function* () {
        const [call] = (yield* client.chat(asked)).toolCalls
        assert.deepStrictEqual(call?.function, {
          name: "get_weather",
          arguments: '{"location":"Paris, France","unit":"celsius"}'
        })
      })
    )
  )

  it.live("accepts tool calls with their results in the next request", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        const first = yield* client.chat(asked)
        const [call] = first.toolCalls
        yield* server.reply(Reply.chatResponse({ content: "It is 20 degrees." }))
        const second = yield* client.chat({
          ...asked,
          messages: [
            ...asked.messages,
            first.message,
            { role: "tool", tool_call_id: call?.id ?? "", content: "20 degrees" }
          ]
        })
        assert.strictEqual(second.text, "It is 20 degrees.")
      })
    )
  )

  it.live("rejects an invalid request without a call", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(client.chat({ ...hello, model: "kimi-k3", temperature: 0.2 }))
        assert.strictEqual(error._tag, "UnsupportedParameterError")
        const streamed = client.stream({ ...hello, model: "kimi-k3", temperature: 0.2 })
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(streamed)))._tag, "UnsupportedParameterError")
        assert.deepStrictEqual(yield* server.requests, [])
      })
    )
  )
})

describe("KimiClient.stream", () => {
  it.live("emits the events of the recorded stream in order", () =>
    withKimi((client) =>
      Effect.gen(function* () {
        const events = yield* Stream.runCollect(client.stream(hello))
        assert.deepStrictEqual(events, recordedEvents)
      })
    )
  )

  for (const chunking of ["whole", { bytes: 1 }, { bytes: 7 }, { events: 1 }] as const) {
    it.live(`emits the same events for any chunking: ${JSON.stringify(chunking)}`, () =>
      withKimi(
        (client) =>
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* Stream.runCollect(client.stream(hello)), recordedEvents)
          }),
        { server: { chunking } }
      )
    )
  }

  it.live("makes a call each time it runs", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        const stream = client.stream(hello)
        assert.strictEqual((yield* server.requests).length, 0)
        yield* Stream.runDrain(stream)
        yield* Stream.runDrain(stream)
        assert.strictEqual((yield* server.requests).length, 2)
      })
    )
  )

  it.live("folds to the response of the same chat", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        yield* server.replyAlways(
          Reply.chatResponse({
            content: "Both.",
            reasoning_content: "Hm.",
            tool_calls: [
              { name: "a", arguments: '{"x":1}' },
              { name: "b", arguments: "{}" }
            ]
          })
        )
        const plain = yield* client.chat(hello)
        const streamed = StreamFold.fold(yield* Stream.runCollect(client.stream(hello)))
        assert.deepStrictEqual(Option.getOrThrow(streamed), plain)
      })
    )
  )

  it.live("ends soon after the end mark even if the host keeps the connection open", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.faulty(Fault.StallMidStream({ afterEvents: 1_000 })))
        assert.deepStrictEqual(yield* Stream.runCollect(client.stream(hello)), recordedEvents)
        yield* server.awaitAborted(1)
      })
    )
  )
})

describe("requests that call no model", () => {
  it.live("models: lists the models of the key", () =>
    withKimi((client) =>
      Effect.gen(function* () {
        const models = yield* client.models
        assert.includeMembers(
          models.map((model) => model.id),
          ["kimi-k3", "kimi-k2.6"]
        )
        assert.strictEqual(models.find((model) => model.id === "kimi-k3")?.context_length, 1_048_576)
      })
    )
  )

  it.live("estimateTokens: counts the conversation for the default model", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* client.estimateTokens({ messages: hello.messages }), 80)
        const [request] = yield* server.requests
        assert.strictEqual(request?.path, "/v1/tokenizers/estimate-token-count")
        assert.deepStrictEqual(request?.json, { model: "kimi-k3", messages: hello.messages })
      })
    )
  )

  it.live("balance: returns the account balance", () =>
    withKimi((client) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* client.balance, {
          available_balance: 12.5,
          voucher_balance: 10,
          cash_balance: 2.5
        })
      })
    )
  )

  it.live("balance: fails if the host returns another code than 0", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        const data = { available_balance: 0, voucher_balance: 0, cash_balance: 0 }
        yield* server.replyAt("GET /v1/users/me/balance", Reply.json({ code: 7, data, scode: "0x7", status: false }))
        const error = yield* Effect.flip(client.balance)
        assert.strictEqual(error._tag, "InvalidResponseError")
        assert.strictEqual(error.message, "The host returned code 7 for the balance")
      })
    )
  )

  it.effect("fail with an error that names the missing HostApi", () =>
    Effect.gen(function* () {
      const layer = KimiClient.layerTransport.pipe(
        Layer.provide(Layer.succeed(ChatTransport, transportOf())),
        Layer.provide(KimiConfig.layer({ provider: "custom", baseUrl: "http://localhost/v1" }))
      )
      const client = Context.get(yield* Layer.build(layer), KimiClient.KimiClient)
      const error = yield* Effect.flip(client.models)
      assert.deepInclude(error, {
        _tag: "UnsupportedOperationError",
        operation: "models",
        message: "models requires a HostApi: provide HostApi.layerHttp in addition to the ChatTransport"
      })
    })
  )

  it.live("fail without a call at hosts that do not offer them", () =>
    withKimi(
      (client, server) =>
        Effect.gen(function* () {
          const errors = [
            yield* Effect.flip(client.balance),
            yield* Effect.flip(client.estimateTokens({ messages: hello.messages }))
          ]
          assert.deepStrictEqual(
            errors.map((error) => error._tag),
            ["UnsupportedOperationError", "UnsupportedOperationError"]
          )
          assert.deepStrictEqual(yield* server.requests, [])
        }),
      { client: { provider: "together" } }
    )
  )
})

describe("the model of a request", () => {
  const modelOf = ({ json }: { readonly json: unknown }) => (json as { readonly model?: string }).model

  for (const provider of KimiConfig.providerIds) {
    it.live(`defaults to the default model of ${provider}`, () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            yield* server.replyAlways(Reply.chatResponse({ content: "Hi" }))
            yield* client.chat(hello)
            yield* Stream.runDrain(client.stream(hello))
            const expected = providers[provider].defaultModel
            assert.deepStrictEqual((yield* server.requests).map(modelOf), [expected, expected])
          }),
        { client: { provider } }
      )
    )
  }

  it.live("is that of the request, else the configured one, else the default", () =>
    withKimi(
      (client, server) =>
        Effect.gen(function* () {
          yield* client.chat(hello)
          yield* client.chat({ ...hello, model: "kimi-k3" })
          assert.deepStrictEqual((yield* server.requests).map(modelOf), ["kimi-k2.6", "kimi-k3"])
        }),
      { client: { model: "kimi-k2.6" } }
    )
  )
})
