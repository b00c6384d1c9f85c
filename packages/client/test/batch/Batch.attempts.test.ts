/** The attempts of rows that failed. */
import { assert, describe, it } from "@effect/vitest"
import * as Accounting from "@kimi-effect/core/Accounting"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import { MockProvider, Reply, type Script } from "@kimi-effect/testing"
import { Effect, Layer, Redacted, Schema } from "effect"
import * as Batch from "../../src/batch/Batch.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { ask, passing } from "../support/batch.ts"

const usage = { prompt_tokens: 1_000, completion_tokens: 100 }

/** The attempts of one row and the requests that the host has received, by a client with retries. */
const attemptsOf = (
  row: ChatRequest,
  script: Script.Script,
  accounting: Layer.Layer<Accounting.Accounting> | undefined,
  maxAttempts = 3
) =>
  Effect.gen(function* () {
    const { responses } = yield* passing(Batch.run([row]))
    const mock = yield* MockProvider.MockProvider
    return [responses.map(({ _tag, attempts }) => [_tag, attempts]), (yield* mock.requests).length]
  }).pipe(
    Effect.provide(
      KimiClient.layerTransport.pipe(
        Layer.provideMerge(MockProvider.layerTransport({ script })),
        Layer.provide(accounting ?? Layer.empty),
        Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-mock"), maxAttempts }))
      )
    )
  )

/** A host whose cached responses fit no schema. */
const cachedHost = KimiClient.layerTransport.pipe(
  Layer.provideMerge(MockProvider.layerTransport({ script: () => Reply.text('{"count":"x"}', { usage }) })),
  Layer.provide(ResponseCache.layer()),
  Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-mock") }))
)

describe("the attempts of a row that was answered", () => {
  const script = [Reply.serverError(), Reply.text("", { usage }), Reply.rateLimited(), Reply.text("Hi", { usage })]

  it.effect("are all that the host received, with a client that records them", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* attemptsOf(ask("Hi"), script, Accounting.layer, 4), [[["Answered", 4]], 4])
    })
  )
})

describe("the attempts of a row that failed", () => {
  for (const [client, accounting] of [
    ["a client", undefined],
    ["a client that records them", Accounting.layer]
  ] as const) {
    for (const [name, row] of [
      ["has no messages", { messages: [] }],
      ["has an unknown member", { ...ask("Hi"), unknown: 1 } as ChatRequest]
    ] as ReadonlyArray<[string, ChatRequest]>) {
      it.effect(`are none if it ${name}, with ${client}`, () =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* attemptsOf(row, ["Hi"], accounting), [[["Failed", 0]], 0])
        })
      )
    }

    for (const [name, reply, count] of [
      ["was refused by the host", Reply.modelNotFound(), 1],
      ["was filtered", Reply.chatResponse({ finish_reason: "content_filter" }), 1],
      ["was filtered, with usage", Reply.chatResponse({ finish_reason: "content_filter", usage }), 1],
      ["has used all its tokens", Reply.reasoning("Hm", "", { finishReason: "length" }), 1],
      ["has met a broken host", Reply.serverError(), 3]
    ] as const) {
      it.effect(`are those that the host received if it ${name}, with ${client}`, () =>
        Effect.gen(function* () {
          const script = () => reply
          assert.deepStrictEqual(yield* attemptsOf(ask("Hi"), script, accounting), [[["Failed", count]], count])
        })
      )
    }
  }

  it.effect("are none if its response is that of the cache", () =>
    Effect.gen(function* () {
      const run = passing(Batch.run([ask("Hi")], { schema: Schema.Struct({ count: Schema.Int }) }))
      assert.deepInclude((yield* run).responses[0], { _tag: "Failed", attempts: 1, isCached: false })
      const { progress, responses } = yield* run
      assert.deepInclude(responses[0], { _tag: "Failed", attempts: 0, isCached: true })
      assert.deepInclude(progress, { failed: 1, cached: 1, promptTokens: 0, cost: { USD: 0 } })
    }).pipe(Effect.provide(cachedHost))
  )
})
