import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ErrorReply from "../../src/ErrorReply.ts"
import * as Fault from "../../src/Fault.ts"
import * as MockServer from "../../src/node/MockServer.ts"
import * as Reply from "../../src/Reply.ts"
import { chat, request } from "./support/RawClient.ts"

const stream = { stream: true, stream_options: { include_usage: true } }
/** The usage of the recorded greeting and of the recorded stream. */
const greetingTokens = { prompt_tokens: 88, cached_tokens: 88, completion_tokens: 196 }
const nothing = { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0 }

describe("the ledger of MockServer", () => {
  it.live("bills an answer with its usage", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* chat(server.url)
      const { answered, billed, entries, requested } = yield* server.ledger
      assert.deepStrictEqual({ answered, billed, requested }, { answered: 1, billed: greetingTokens, requested: 1 })
      assert.deepStrictEqual(entries, [
        {
          route: "POST /v1/chat/completions",
          model: "kimi-k3",
          status: 200,
          outcome: "answered",
          billed: greetingTokens
        }
      ])
    })
  )

  it.live("bills a stream once, although it repeats the usage", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.replyAlways(
        Reply.chatResponse({
          content: "one two three",
          usage: { prompt_tokens: 10, completion_tokens: 3 }
        })
      )
      yield* chat(server.url, stream)
      assert.deepStrictEqual((yield* server.ledger).billed, {
        prompt_tokens: 10,
        cached_tokens: 0,
        completion_tokens: 3
      })
    })
  )

  it.live("bills no rejected request", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.reply(ErrorReply.table.limitRpm)
      yield* chat(server.url)
      const { answered, billed, entries } = yield* server.ledger
      assert.deepStrictEqual({ answered, billed }, { answered: 0, billed: nothing })
      assert.strictEqual(entries[0]?.outcome, "rejected")
    })
  )

  it.live("bills no request without a model", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* request(`${server.url}/models`)
      const { answered, billed } = yield* server.ledger
      assert.deepStrictEqual({ answered, billed }, { answered: 1, billed: nothing })
    })
  )

  for (const fault of [Fault.ResetMidStream({ afterEvents: 4 }), Fault.TruncatedStream({ afterEvents: 4 })]) {
    it.live(`bills what was sent of a stream with the fault ${fault._tag}`, () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ chunking: { events: 1 } })
        yield* server.reply(
          Reply.chatResponse(
            { content: "a b c d e f g", usage: { prompt_tokens: 10, completion_tokens: 7 } },
            { fault }
          )
        )
        yield* chat(server.url, stream)
        const { billed, entries } = yield* server.ledger
        // The first of the four events has the role and no content.
        assert.deepStrictEqual(billed, { prompt_tokens: 10, cached_tokens: 0, completion_tokens: 3 })
        assert.strictEqual(entries[0]?.outcome, "broken")
      })
    )
  }

  it.live("bills nothing for a connection that was reset before the response", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.reply(Reply.faulty(Fault.ResetBeforeHeaders()))
      yield* chat(server.url)
      const { billed, entries } = yield* server.ledger
      assert.deepStrictEqual(billed, nothing)
      assert.deepStrictEqual([entries[0]?.status, entries[0]?.outcome], [undefined, "broken"])
    })
  )

  it.live("has the outcome open while the response is sent", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.reply(Reply.faulty(Fault.StallBeforeHeaders()))
      yield* Effect.forkScoped(chat(server.url))
      yield* server.awaitRequests(1)
      assert.strictEqual((yield* server.ledger).entries[0]?.outcome, "open")
    })
  )

  it.live("keeps the sum of requests that are no longer listed", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ maxRecordedRequests: 1 })
      yield* Effect.all([chat(server.url), chat(server.url), chat(server.url)])
      const { billed, entries, requested } = yield* server.ledger
      assert.deepStrictEqual([requested, entries.length, billed.completion_tokens], [3, 1, 3 * 196])
    })
  )

  it.live("is empty after a reset", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* chat(server.url)
      yield* server.reset
      assert.deepStrictEqual(yield* server.ledger, {
        requested: 0,
        answered: 0,
        billed: nothing,
        batches: [],
        entries: []
      })
    })
  )
})
