import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type ResponseKind, responseKinds } from "../../../src/cache/internal/CachePolicy.ts"
import type { ChatResponse } from "../../../src/models/ChatResponse.ts"
import { call, callOf, makeStage, plainOf, response } from "../support/cache.ts"

describe("Cache policy", () => {
  const message = { role: "assistant", content: "a" } as const
  const choice = { index: 0, message, finish_reason: "stop" }
  const toolCall = { id: "1", type: "function", function: { name: "look", arguments: "{}" } }
  const answers: ReadonlyArray<readonly [what: string, answer: ChatResponse, needs: ReadonlyArray<ResponseKind>]> = [
    ["a complete answer", response("a"), []],
    ["no tool calls", response("a", { choices: [{ ...choice, message: { ...message, tool_calls: [] } }] }), []],
    [
      "tool calls",
      response("a", {
        choices: [{ ...choice, message: { ...message, tool_calls: [toolCall] }, finish_reason: "tool_calls" }]
      }),
      ["toolCalls"]
    ],
    [
      "tool calls that stop",
      response("a", { choices: [{ ...choice, message: { ...message, tool_calls: [toolCall] } }] }),
      ["toolCalls"]
    ],
    ["two choices", response("a", { choices: [choice, { ...choice, index: 1 }] }), ["multipleChoices"]],
    ["a truncated one", response("a", { choices: [{ ...choice, finish_reason: "length" }] }), ["truncated"]],
    ["a filtered one", response("a", { choices: [{ ...choice, finish_reason: "content_filter" }] }), ["filtered"]],
    ["an unknown end", response("a", { choices: [{ ...choice, finish_reason: "pause" }] }), ["other"]],
    [
      "a truncated second choice",
      response("a", { choices: [choice, { ...choice, index: 1, finish_reason: "length" }] }),
      ["multipleChoices", "truncated"]
    ]
  ]
  for (const [what, answer, needs] of answers) {
    for (const alsoCache of [[], ...responseKinds.map((kind) => [kind]), responseKinds]) {
      const isKept = needs.every((kind) => alsoCache.includes(kind))
      it.effect(`${isKept ? "caches" : "does not cache"} ${what} if alsoCache is ${alsoCache.join() || "empty"}`, () =>
        Effect.gen(function* () {
          const { chat, upstream } = yield* makeStage({ alsoCache: alsoCache })
          upstream.answer(() => answer)
          yield* chat(call)
          const again = yield* chat(call)
          assert.strictEqual(upstream.asked(), isKept ? 1 : 2)
          assert.deepStrictEqual(plainOf(again), plainOf(answer))
        })
      )
    }
  }

  it.effect("does not cache one of several requested choices", () =>
    Effect.gen(function* () {
      const { chat, upstream } = yield* makeStage()
      yield* chat(callOf("Hi", { n: 2 }))
      yield* chat(callOf("Hi", { n: 2 }))
      assert.strictEqual(upstream.asked(), 2)
    })
  )

  it.effect("does not cache a response that is too large", () =>
    Effect.gen(function* () {
      const { cache, chat, upstream } = yield* makeStage({ maxEntryBytes: 10_000 })
      upstream.answer(() => response("x".repeat(10_000)))
      yield* chat(call)
      yield* chat(call)
      assert.strictEqual(upstream.asked(), 2)
      assert.deepInclude((yield* cache.statistics).memory, { rejections: 2, entries: 0 })
    })
  )
})
