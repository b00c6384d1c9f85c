import { KimiClient } from "@kimi-effect/client"
import { ChatResponse, KimiError, StreamFold } from "@kimi-effect/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, DateTime, Effect, Exit, Stream } from "effect"
import * as MockKimiClient from "../src/MockKimiClient.ts"

const request = { messages: [{ role: "user" as const, content: "Hi" }] }
const limited = new KimiError.classes.RateLimitError({ message: "slow down", kind: "unknown" })

const withMock = <A, E>(
  script: MockKimiClient.Options,
  use: (kimi: KimiClient.KimiClient["Service"]) => Effect.Effect<A, E, MockKimiClient.MockKimiClient>
) => Effect.provide(Effect.flatMap(KimiClient.KimiClient, use), MockKimiClient.layer(script))

describe("MockKimiClient", () => {
  it.effect("returns scripted responses in order", () =>
    withMock({ chat: ["one", limited, MockKimiClient.response({ text: "two", reasoning: "so" })] }, (kimi) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* kimi.chat(request)).text, "one")
        assert.strictEqual(yield* Effect.flip(kimi.chat(request)), limited)
        const response = yield* kimi.chat(request)
        assert.deepStrictEqual([response.text, response.reasoning], ["two", "so"])
      })
    )
  )

  it.effect("responds with a function of the request", () =>
    withMock({ chat: (request) => `${request.messages.length} messages` }, (kimi) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* kimi.chat(request)).text, "1 messages")
        const longer = { messages: [...request.messages, ...request.messages] }
        assert.strictEqual((yield* kimi.chat(longer)).text, "2 messages")
      })
    )
  )

  it.effect("records requests", () =>
    withMock({ chat: ["one", "two"] }, (kimi) =>
      Effect.gen(function* () {
        yield* kimi.chat(request)
        yield* kimi.chat({ messages: [...request.messages, ...request.messages] })
        const mock = yield* MockKimiClient.MockKimiClient
        assert.deepStrictEqual(
          (yield* mock.requests).map((request) => request.messages.length),
          [1, 2]
        )
      })
    )
  )

  it.effect("streams the responses of chat when streams have no script", () =>
    withMock({ chat: ["streamed"] }, (kimi) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* StreamFold.collect(kimi.stream(request))).text, "streamed")
      })
    )
  )

  describe("streams", () => {
    const collect = (scripted: MockKimiClient.ScriptedStream) =>
      withMock({ stream: [scripted] }, (kimi) => StreamFold.collect(kimi.stream(request)))

    it.effect("can be a text", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* collect("text")).text, "text")
      })
    )

    it.effect("can be a whole response", () =>
      Effect.gen(function* () {
        const called = yield* collect(MockKimiClient.response({ toolCalls: [{ name: "look", arguments: "{}" }] }))
        assert.instanceOf(called, ChatResponse)
        assert.deepStrictEqual([called.toolCalls[0]?.id, called.finishReason], ["look_0", "tool_calls"])
      })
    )

    const events = StreamFold.toEvents(MockKimiClient.response({ text: "by events" }))

    it.effect("can be events", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* collect(events)).text, "by events")
      })
    )

    it.effect("can be an error", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* Effect.flip(collect(limited)), limited)
      })
    )

    it.effect("can be a stream that fails", () =>
      Effect.gen(function* () {
        const broken = Stream.concat(Stream.fromIterable(events.slice(0, 2)), Stream.fail(limited))
        assert.strictEqual(yield* Effect.flip(collect(broken)), limited)
      })
    )
  })

  it.effect("returns scripted models", () =>
    withMock({ models: [{ id: "kimi-k3" }] }, (kimi) =>
      Effect.map(kimi.models, (models) => assert.deepStrictEqual(models, [{ id: "kimi-k3" }]))
    )
  )

  it.effect("returns a scripted token count", () =>
    withMock({ estimateTokens: 7 }, (kimi) =>
      Effect.map(kimi.estimateTokens(request), (tokens) => assert.strictEqual(tokens, 7))
    )
  )

  it.effect("returns a scripted balance", () => {
    const balance = { available_balance: 1, voucher_balance: 0, cash_balance: 1 }
    return withMock({ balance }, (kimi) =>
      Effect.map(kimi.balance, (actual) => assert.deepStrictEqual(actual, balance))
    )
  })

  it.effect("fails with a scripted error", () =>
    withMock({ balance: limited }, (kimi) =>
      Effect.map(Effect.flip(kimi.balance), (error) => assert.strictEqual(error, limited))
    )
  )

  it.effect("is healthy by default", () =>
    withMock({}, (kimi) =>
      Effect.map(kimi.health, (health) =>
        assert.deepStrictEqual(health, { status: "healthy", checkedAt: DateTime.makeUnsafe(0), components: [] })
      )
    )
  )

  it.effect("returns a scripted health", () => {
    const unhealthy = { status: "unhealthy", checkedAt: DateTime.makeUnsafe(1), components: [] } as const
    return withMock({ health: unhealthy }, (kimi) =>
      Effect.map(kimi.health, (health) => assert.strictEqual(health, unhealthy))
    )
  })

  const messageOf = (exit: Exit.Exit<unknown, unknown>) =>
    Exit.isFailure(exit) && Cause.hasDies(exit.cause) ? Cause.pretty(exit.cause) : ""

  it.effect("dies with the name of an operation whose script is used up", () =>
    withMock({ chat: ["once"] }, (kimi) =>
      Effect.gen(function* () {
        yield* kimi.chat(request)
        const exit = yield* Effect.exit(kimi.chat(request))
        assert.include(messageOf(exit), "chat was called, but its script is used up")
      })
    )
  )

  it.effect("dies with the name of an operation whose script is missing", () =>
    withMock({}, (kimi) =>
      Effect.gen(function* () {
        assert.include(messageOf(yield* Effect.exit(kimi.models)), "models was called, but its script is missing")
      })
    )
  )
})
