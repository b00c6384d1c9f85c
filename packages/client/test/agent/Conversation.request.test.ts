import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Conversation from "../../src/agent/Conversation.ts"
import { callOf, responseOf } from "./support/conversations.ts"

const asked = Conversation.make({ system: "Be brief." }).pipe(Conversation.user("Hi"))
const a = callOf("f_0")
const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.flip(effect)

describe("request", () => {
  it.effect("has the messages, the options, the cache key", () =>
    Effect.gen(function* () {
      const { messages } = asked
      const keyed = asked.pipe(Conversation.fork({ cacheKey: "session-1" }))
      assert.strictEqual(keyed.state, "ready")
      if (keyed.state !== "ready") return
      const request = yield* keyed.pipe(Conversation.request({ model: "kimi-k3", max_completion_tokens: 9 }))
      assert.deepStrictEqual(request, {
        model: "kimi-k3",
        max_completion_tokens: 9,
        prompt_cache_key: "session-1",
        messages
      })
    })
  )

  it.effect("does not copy the messages", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* asked.pipe(Conversation.request())).messages, asked.messages)
    })
  )

  it.effect.each([
    ["", "messages[1]"],
    [[], "messages[1]"],
    [[{ type: "text", text: "" }], "messages[1]"],
    [
      [
        { type: "text", text: "x" },
        { type: "text", text: "" }
      ],
      "messages[1]"
    ]
  ] as const)("fails for content without text: %#", ([content, parameter]) =>
    Effect.gen(function* () {
      const empty = Conversation.make({ system: "x" }).pipe(Conversation.user(content))
      const error = yield* failureOf(empty.pipe(Conversation.request()))
      assert.deepInclude(error, { _tag: "EmptyMessageError", parameter })
    })
  )

  const unreasoned = asked.pipe(Conversation.add(responseOf({ tool_calls: [a] })))
  const answered = unreasoned.state === "calling" ? unreasoned.pipe(Conversation.results(() => "x")) : unreasoned

  it.effect.each([{}, { model: "kimi-k3" }, { model: "kimi-k2.6" }, { model: "unknown" }])(
    "fails when a response with calls was added without its reasoning: %o",
    (options) =>
      Effect.gen(function* () {
        const error = yield* failureOf(answered.pipe(Conversation.request(options)))
        assert.deepInclude(error, { _tag: "MissingReasoningError", parameter: "messages[2]" })
      })
  )

  it.effect.each([
    [{ thinking: { type: "disabled" } }, undefined],
    [{ model: "kimi-k2-0905-preview" }, undefined],
    [{}, false]
  ] as const)("does not require reasoning where the host does not: %#", ([options, requiresReasoning]) =>
    Effect.gen(function* () {
      const request = yield* answered.pipe(Conversation.request(options, { requiresReasoning }))
      assert.strictEqual(request.messages, answered.messages)
    })
  )

  it.effect("fails when two calls of one message have the same id", () =>
    Effect.gen(function* () {
      const twice = asked.pipe(Conversation.calls({ reasoning_content: "hm", tool_calls: [a, a] }))
      const error = yield* failureOf(
        twice.pipe(
          Conversation.results(() => "x"),
          Conversation.request()
        )
      )
      assert.deepInclude(error, { _tag: "ToolHistoryError", parameter: "messages[2]" })
    })
  )

  it.effect("fails for Partial Mode with json_object", () =>
    Effect.gen(function* () {
      const json = Conversation.request({ response_format: { type: "json_object" } })
      const error = yield* failureOf(asked.pipe(Conversation.partial("{"), json))
      assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "response_format" })
      assert.strictEqual((yield* asked.pipe(json)).messages, asked.messages)
    })
  )

  it.effect("fails without the content of a message in the error", () =>
    Effect.gen(function* () {
      const secret = Conversation.make().pipe(
        Conversation.user([
          { type: "text", text: "secret" },
          { type: "text", text: "" }
        ])
      )
      const error = yield* failureOf(secret.pipe(Conversation.request()))
      assert.notInclude(JSON.stringify(error), "secret")
    })
  )
})
