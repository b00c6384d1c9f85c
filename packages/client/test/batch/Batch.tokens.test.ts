/** What rows have used that were paid for, but failed. */
import { assert, describe, it } from "@effect/vitest"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Cost from "@kimi-effect/core/Cost"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { MockProvider, Reply } from "@kimi-effect/testing"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import * as Batch from "../../src/batch/Batch.ts"
import type { RowError } from "../../src/batch/BatchResponse.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { ask, passing } from "../support/batch.ts"

const usage = { prompt_tokens: 1_000, completion_tokens: 100 }
const schema = Schema.Struct({ count: Schema.Int })
const nameless = [{ name: "", arguments: "{" }]

const clientOf = (reply: Reply.Reply, accounting: Layer.Layer<Accounting.Accounting> | undefined) =>
  KimiClient.layerTransport.pipe(
    Layer.provideMerge(MockProvider.layerTransport({ script: () => reply })),
    Layer.provide(accounting ?? Layer.empty),
    Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-mock"), maxAttempts: 1, maxToolArgumentBytes: 10 }))
  )

const filtered = Reply.chatResponse({ finish_reason: "content_filter", usage })

const replies: ReadonlyArray<readonly [string, RowError["_tag"], Reply.Reply]> = [
  ["does not fit its schema", "StructuredOutputError", Reply.text('{"count":"x"}', { usage })],
  ["is truncated", "StructuredOutputError", Reply.text('{"count":', { usage, finishReason: "length" })],
  ["is filtered", "ContentFilterError", filtered],
  ["is empty", "EmptyResponseError", Reply.text("", { usage })],
  ["is reasoning alone", "ReasoningBudgetExhaustedError", Reply.reasoning("Hm", "", { usage, finishReason: "length" })],
  ["has no whole call", "MalformedOutputError", Reply.chatResponse({ tool_calls: nameless, usage })],
  [
    "has a large call",
    "ToolArgumentsTooLargeError",
    Reply.toolCalls([{ name: "f", arguments: "x".repeat(11) }], { usage })
  ]
]

describe("the usage of a row whose response", () => {
  for (const [client, accounting] of [
    ["a client", undefined],
    ["a client that records attempts", Accounting.layer]
  ] as const) {
    for (const [name, tag, reply] of replies) {
      it.effect(`${name} counts, with ${client}`, () =>
        Effect.gen(function* () {
          const { progress, responses } = yield* passing(Batch.run([ask("a"), ask("b")], { schema }))
          assert.deepStrictEqual(
            responses.map((row) => row._tag === "Failed" && row.error._tag),
            [tag, tag]
          )
          assert.deepInclude(progress, {
            failed: 2,
            promptTokens: 2_000,
            completionTokens: 200,
            // 1,000 tokens at $3 and 100 at $15 a million.
            cost: { USD: 0.009 }
          })
          assert.deepStrictEqual(
            responses.map(({ cost, usage }) => [
              usage?.prompt_tokens,
              usage?.completion_tokens,
              Option.getOrUndefined(Option.map(cost, Cost.format))
            ]),
            [
              [1_000, 100, "$0.0045"],
              [1_000, 100, "$0.0045"]
            ]
          )
        }).pipe(Effect.provide(clientOf(reply, accounting)))
      )
    }
  }

  it.effect("is that of an equal row counts once", () =>
    Effect.gen(function* () {
      const { progress } = yield* passing(Batch.run([ask("a"), ask("a")], { concurrency: 2 }))
      assert.deepInclude(progress, { failed: 2, promptTokens: 1_000, cost: { USD: 0.0045 } })
    }).pipe(Effect.provide(clientOf({ ...filtered, timing: { tokensPerSecond: 10 } }, undefined)))
  )

  it.effect("stops the batch counts too", () =>
    Effect.gen(function* () {
      const { progress } = yield* passing(
        Batch.run([ask("a"), ask("b")], { concurrency: 1, stop: { errorTags: ["ContentFilterError"] } })
      )
      assert.deepInclude(progress, { done: 1, promptTokens: 1_000, cost: { USD: 0.0045 } })
    }).pipe(Effect.provide(clientOf(filtered, undefined)))
  )
})
