/** The prefix cache of a host over real sockets, through all stages of a client. */
import { assert, describe, it } from "@effect/vitest"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as Message from "@kimi-effect/core/Message"
import * as Observer from "@kimi-effect/core/Observer"
import * as PrefixCache from "@kimi-effect/core/PrefixCache"
import * as Retry from "@kimi-effect/core/Retry"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Redacted, References, Schedule, Stream } from "effect"
import type * as Scope from "effect/Scope"
import * as Conversation from "../../src/agent/Conversation.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { key } from "./support/kimi.ts"

const tool = (name: string) =>
  ({ type: "function", function: { name, parameters: { type: "object", properties: {} } } }) as const

const reply = (prompt_tokens: number, cached_tokens: number) =>
  Reply.chatResponse({ content: "Hello", usage: { prompt_tokens, completion_tokens: 10, cached_tokens } })

/** A client of a server, with all breaks so far. */
const connect = Effect.gen(function* () {
  const server = yield* MockServer.MockServer
  const services = yield* Layer.build(
    KimiNode.layer({ apiKey: Redacted.make(key), baseUrl: server.url }).pipe(
      Layer.provideMerge(PrefixCache.layer()),
      Layer.provide([Observer.layer(), Layer.succeed(Retry.RetrySchedule, Schedule.recurs(3))])
    )
  )
  const { events, statistics } = Context.get(services, PrefixCache.PrefixCache)
  const breaks: Array<PrefixCache.CacheBreak> = []
  yield* Effect.forkScoped(Stream.runForEach(events, (one) => Effect.sync(() => void breaks.push(one))))
  yield* Effect.yieldNow
  return { server, kimi: Context.get(services, KimiClient.KimiClient), breaks, statistics }
})

const run = <A, E>(test: Effect.Effect<A, E, MockServer.MockServer | Scope.Scope>) =>
  test.pipe(
    Effect.scoped,
    Effect.provide(MockServer.layer()),
    Effect.provideService(References.MinimumLogLevel, "None")
  )

describe("a conversation", () => {
  const asked = Conversation.make({ system: "Be brief.", cacheKey: "session" }).pipe(Conversation.user("Hi"))
  const tools = [tool("a"), tool("b")]

  it.live("has no break while its requests extend each other", () =>
    run(
      Effect.gen(function* () {
        const { breaks, kimi, server, statistics } = yield* connect
        yield* server.reply(reply(2_000, 0), reply(2_100, 1_792), reply(2_200, 2_048))
        let conversation: Conversation.Ready = asked
        for (let turn = 0; turn < 3; turn += 1) {
          const response = yield* kimi.chat(yield* conversation.pipe(Conversation.request({ tools })))
          const added = conversation.pipe(Conversation.add(response))
          assert.strictEqual(added.state, "ready")
          if (added.state === "ready") conversation = added.pipe(Conversation.user("And now?"))
        }
        assert.deepStrictEqual(breaks, [])
        assert.deepInclude(yield* statistics, { compared: 2 })
      })
    )
  )

  it.live("has a break when the tools come in another order", () =>
    run(
      Effect.gen(function* () {
        const { breaks, kimi, server } = yield* connect
        yield* server.reply(reply(2_000, 0), reply(2_100, 0))
        const first = yield* asked.pipe(Conversation.request({ tools }))
        const second: ChatRequest = { ...first, tools: tools.toReversed() }
        yield* kimi.chat(first)
        yield* Stream.runDrain(kimi.stream(second))
        yield* Effect.yieldNow
        assert.deepStrictEqual(
          breaks.map(({ lostTokens, reason }) => [reason, lostTokens]),
          [["tools reordered", 1_792]]
        )
      })
    )
  )

  it.live("has no break in a retry after an error", () =>
    run(
      Effect.gen(function* () {
        const { breaks, kimi, server } = yield* connect
        yield* server.reply(
          reply(2_000, 0),
          Reply.json({ error: { message: "no" } }, { status: 500 }),
          reply(2_100, 1_792)
        )
        const first = yield* asked.pipe(Conversation.request({ tools }))
        yield* kimi.chat(first)
        yield* kimi.chat({ ...first, messages: [...first.messages, Message.assistant("x"), Message.user("y")] })
        assert.strictEqual((yield* server.requests).length, 3)
        assert.deepStrictEqual(breaks, [])
      })
    )
  )

  it.live("has no break with recorded responses, whose prompts are short", () =>
    run(
      Effect.gen(function* () {
        const { breaks, kimi, statistics } = yield* connect
        const request = yield* asked.pipe(Conversation.request())
        yield* kimi.chat(request)
        yield* kimi.chat(request)
        yield* Stream.runDrain(kimi.stream(request))
        assert.deepStrictEqual(breaks, [])
        assert.deepInclude(yield* statistics, { compared: 2, lostTokens: 0 })
      })
    )
  )
})
