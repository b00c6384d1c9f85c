/** Responses that are larger than allowed. */
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Fault, Reply } from "@kimi-effect/testing"
import { Effect, Stream } from "effect"
import { type Client, hello, ids, plainIds, type Server, withKimi } from "./node/support/kimi.ts"
import { call, facts, outcome } from "./node/support/outcome.ts"

const common = { provider: "moonshot", model: "kimi-k3" }
const partial = { content: "", reasoning_content: "The user wants me", tool_calls: [] }

for (const http of ["undici", "fetch"] as const) {
  describe(`the size limit of a response over ${http}`, () => {
    for (const contentLength of [true, false]) {
      const announced = contentLength ? "announced" : "not announced"

      it.live(`allows exactly that size, its length ${announced}`, () =>
        withKimi(
          (client, server) =>
            Effect.gen(function* () {
              yield* server.reply(
                Reply.faulty(Fault.HugeBody({ bytes: 10_000, contentLength })),
                Reply.faulty(Fault.HugeBody({ bytes: 10_001, contentLength }))
              )
              assert.strictEqual(yield* outcome(client, "chat"), "answer")
              assert.deepStrictEqual(yield* outcome(client, "chat"), {
                _tag: "ResponseTooLargeError",
                ...common,
                limit: 10_000,
                ...plainIds
              })
            }),
          { client: { maxResponseBytes: 10_000 }, http }
        )
      )

      it.live(`aborts a longer response, its length ${announced}`, () =>
        withKimi(
          (client, server) =>
            Effect.gen(function* () {
              yield* server.reply(Reply.faulty(Fault.HugeBody({ bytes: 50_000_000, contentLength })))
              assert.strictEqual((yield* Effect.flip(client.chat(hello)))._tag, "ResponseTooLargeError")
              yield* server.awaitAborted(1)
              yield* client.chat(hello)
            }),
          { client: { maxResponseBytes: 10_000 }, http }
        )
      )
    }

    const streamTooMuch = Effect.fnUntraced(function* (client: Client, server: Server) {
      const text = "x".repeat(1_000)
      const chunk = JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })
      yield* server.reply(Reply.sse(Array.from({ length: 1_000 }, () => chunk)))
      return yield* Effect.flip(Stream.runDrain(client.stream(hello)))
    })

    it.live("applies to a stream as a whole", () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            const error = yield* streamTooMuch(client, server)
            assert.strictEqual(error._tag, "ResponseTooLargeError")
            assert.strictEqual(error.requestId, ids.requestId)
          }),
        { client: { maxResponseBytes: 20_000 }, http }
      )
    )

    it.live("keeps the partial content of a stream", () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            const error = yield* streamTooMuch(client, server)
            assert.match(error.partial?.content ?? "", /^x+$/)
            assert.isBelow(error.partial?.content.length ?? 0, 20_000)
          }),
        { client: { maxResponseBytes: 20_000 }, http }
      )
    )

    it.live("applies to the decompressed size", () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            const bomb = gzipSync(JSON.stringify({ choices: [], padding: "x".repeat(1_000_000) }))
            const headers = { "content-type": "application/json", "content-encoding": "gzip" }
            yield* server.reply(Reply.body(bomb.toString("latin1"), { headers }))
            const error = yield* Effect.flip(client.chat(hello))
            assert.include(["ResponseTooLargeError", "InvalidResponseError", "ConnectionLostError"], error._tag)
          }),
        { client: { maxResponseBytes: 10_000 }, http }
      )
    )

    it.live("limits how much of an error response is read", () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            yield* server.reply(Reply.body("x".repeat(5_000_000), { status: 500 }))
            const error = yield* Effect.flip(client.chat(hello))
            assert.strictEqual(error._tag, "ServerError")
            assert.isAtMost(error.message.length, 2_100)
            yield* client.chat(hello)
          }),
        { http }
      )
    )

    it.live("includes the limit of HTTP clients on headers", () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            yield* server.reply(Reply.chatResponse({ content: "Hi" }, { headers: { "x-huge": "x".repeat(100_000) } }))
            assert.strictEqual((yield* Effect.flip(client.chat(hello)))._tag, "ResponseTooLargeError")
            yield* client.chat(hello)
          }),
        { http }
      )
    )
  })
}

describe("the size limit of an event", () => {
  it.live("fails the stream without reading the rest", () =>
    withKimi(
      (client, server) =>
        Effect.gen(function* () {
          yield* server.reply(Reply.faulty(Fault.HugeEvent({ afterEvents: 5, bytes: 50_000_000 })))
          const error = yield* Effect.flip(call(client, "stream"))
          assert.deepStrictEqual(facts(error), {
            _tag: "EventTooLargeError",
            ...common,
            limit: 10_000,
            ...ids,
            partial
          })
          yield* server.awaitAborted(1)
        }),
      { client: { maxEventBytes: 10_000 } }
    )
  )

  it.live("allows smaller events", () =>
    withKimi(
      (client, server) =>
        Effect.gen(function* () {
          yield* server.reply(Reply.faulty(Fault.HugeEvent({ afterEvents: 5, bytes: 9_900 })))
          assert.strictEqual(yield* outcome(client, "stream"), "answer")
        }),
      { client: { maxEventBytes: 10_000 } }
    )
  )
})

describe("the size limit of tool arguments", () => {
  const tools = [{ type: "function" as const, function: { name: "f", parameters: { type: "object" } } }]
  const answer = (length: number) =>
    Reply.chatResponse({ tool_calls: [{ name: "f", arguments: `"${"x".repeat(length - 2)}"` }] })

  for (const mode of ["chat", "stream"] as const) {
    it.live(`allows exactly that size: ${mode}`, () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            yield* server.reply(answer(1_000), answer(1_001))
            assert.strictEqual(yield* outcome(client, mode, { ...hello, tools }), "answer")
            const error = yield* Effect.flip(call(client, mode, { ...hello, tools }))
            assert.strictEqual(error._tag, "ToolArgumentsTooLargeError")
            assert.strictEqual(error._tag === "ToolArgumentsTooLargeError" && error.limit, 1_000)
            assert.strictEqual(error.requestId, ids.requestId)
            assert.strictEqual(error.provider, "moonshot")
          }),
        { client: { maxToolArgumentBytes: 1_000 } }
      )
    )
  }

  it.live("leaves what a whole response is billed for", () =>
    withKimi(
      (client, server) =>
        Effect.gen(function* () {
          yield* server.reply(answer(1_001))
          const { partial } = yield* Effect.flip(call(client, "chat", { ...hello, tools }))
          assert.deepStrictEqual(partial, {
            content: "",
            reasoning_content: "",
            tool_calls: [{ id: "f_0", name: "f", arguments: "" }],
            usage: { prompt_tokens: 88, completion_tokens: 40 }
          })
        }),
      { client: { maxToolArgumentBytes: 1_000 } }
    )
  )
})
