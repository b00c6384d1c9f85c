import { KimiClient } from "@kimi-effect/client"
import { ChatResponse, KimiError, StreamFold } from "@kimi-effect/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, DateTime, Effect, Exit, Stream } from "effect"
import * as MockKimiClient from "../src/MockKimiClient.ts"

const ask = { messages: [{ role: "user" as const, content: "Hi" }] }
const limited = new KimiError.classes.RateLimitError({ message: "slow down", kind: "unknown" })

const withMock = <A, E>(
  script: MockKimiClient.Options,
  use: (kimi: KimiClient.KimiClient["Service"]) => Effect.Effect<A, E, MockKimiClient.MockKimiClient>
) => Effect.provide(Effect.flatMap(KimiClient.KimiClient, use), MockKimiClient.layer(script))

describe("layerMock", () => {
  it.effect("gives the scripted answers and errors one after the other", () =>
    withMock({ chat: ["one", limited, MockKimiClient.response({ text: "two", reasoning: "so" })] }, (kimi) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* kimi.chat(ask)).text, "one")
        assert.strictEqual(yield* Effect.flip(kimi.chat(ask)), limited)
        const answer = yield* kimi.chat(ask)
        assert.deepStrictEqual([answer.text, answer.reasoning], ["two", "so"])
      })
    )
  )

  it.effect("answers every call from a function of the request, and remembers the requests", () =>
    withMock({ chat: (request) => `${request.messages.length} messages` }, (kimi) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* kimi.chat(ask)).text, "1 messages")
        assert.strictEqual((yield* kimi.chat({ messages: [...ask.messages, ...ask.messages] })).text, "2 messages")
        const mock = yield* MockKimiClient.MockKimiClient
        assert.deepStrictEqual(
          (yield* mock.requests).map((request) => request.messages.length),
          [1, 2]
        )
      })
    )
  )

  it.effect("sends the answers of chat as events when streams have no script", () =>
    withMock({ chat: ["streamed"] }, (kimi) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* StreamFold.collect(kimi.stream(ask))).text, "streamed")
      })
    )
  )

  it.effect("plays streams: texts, answers, events, errors, and streams of one's own", () => {
    const answer = MockKimiClient.response({ toolCalls: [{ name: "look", arguments: "{}" }] })
    const events = StreamFold.toEvents(MockKimiClient.response({ text: "by events" }))
    const own = Stream.concat(Stream.fromIterable(events.slice(0, 2)), Stream.fail(limited))
    return withMock({ stream: ["text", answer, events, limited, own] }, (kimi) =>
      Effect.gen(function* () {
        const next = Effect.suspend(() => StreamFold.collect(kimi.stream(ask)))
        assert.strictEqual((yield* next).text, "text")
        const called = yield* next
        assert.instanceOf(called, ChatResponse)
        assert.deepStrictEqual([called.toolCalls[0]?.id, called.finishReason], ["look_0", "tool_calls"])
        assert.strictEqual((yield* next).text, "by events")
        assert.strictEqual(yield* Effect.flip(next), limited)
        assert.strictEqual(yield* Effect.flip(next), limited)
      })
    )
  })

  it.effect("scripts models, token counts and the balance", () => {
    const balance = { available_balance: 1, voucher_balance: 0, cash_balance: 1 }
    return withMock({ models: [{ id: "kimi-k3" }], estimateTokens: 7, balance: limited }, (kimi) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* kimi.models, [{ id: "kimi-k3" }])
        assert.strictEqual(yield* kimi.estimateTokens(ask), 7)
        assert.strictEqual(yield* Effect.flip(kimi.balance), limited)
      })
    ).pipe(
      Effect.andThen(
        withMock({ balance }, (kimi) => Effect.map(kimi.balance, (got) => assert.deepStrictEqual(got, balance)))
      )
    )
  })

  it.effect("is healthy, unless it is scripted otherwise", () => {
    const ill = { status: "unhealthy", checkedAt: DateTime.makeUnsafe(1), components: [] } as const
    return Effect.gen(function* () {
      const found = yield* withMock({}, (kimi) => kimi.health)
      assert.deepStrictEqual(found, { status: "healthy", checkedAt: DateTime.makeUnsafe(0), components: [] })
      assert.strictEqual(yield* withMock({ health: ill }, (kimi) => kimi.health), ill)
    })
  })

  it.effect("dies with a message that names the operation when the script is missing or used up", () =>
    withMock({ chat: ["once"] }, (kimi) =>
      Effect.gen(function* () {
        yield* kimi.chat(ask)
        const [again, models] = yield* Effect.all([Effect.exit(kimi.chat(ask)), Effect.exit(kimi.models)])
        const messageOf = (exit: Exit.Exit<unknown, unknown>) =>
          Exit.isFailure(exit) && Cause.hasDies(exit.cause) ? Cause.pretty(exit.cause) : ""
        assert.include(messageOf(again), "chat was called, and its script is used up")
        assert.include(messageOf(models), "models was called, and its script is missing")
      })
    )
  )
})
