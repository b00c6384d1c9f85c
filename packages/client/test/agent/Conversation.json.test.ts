import { assert, describe, it } from "@effect/vitest"
import * as Message from "@kimi-effect/core/Message"
import { Effect } from "effect"
import * as Conversation from "../../src/agent/Conversation.ts"
import { callOf } from "./support/conversations.ts"

const asked = Conversation.make({ system: "Be brief." }).pipe(Conversation.user("Hi"))
const [a, b] = [callOf("f_0"), callOf("f_1")]
const calling = asked.pipe(Conversation.calls({ reasoning_content: "hm", tool_calls: [a, b] }))
const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.flip(effect)

describe("toJson", () => {
  const stored = (conversation: Conversation.Conversation): unknown =>
    JSON.parse(JSON.stringify(Conversation.toJson(conversation)))

  it.effect.each([
    Conversation.make({ system: "x", cacheKey: "k" }),
    asked,
    calling,
    asked.pipe(Conversation.partial("{")),
    calling.pipe(Conversation.results(() => [{ type: "image_url", image_url: "data:image/png;base64,AA==" }]))
  ])("is read back in the same state: %#", (conversation) =>
    Effect.gen(function* () {
      const read = yield* Conversation.fromJson(stored(conversation))
      assert.deepStrictEqual({ ...read }, { ...conversation })
      assert.isTrue(Conversation.isConversation(read))
    })
  )

  it.effect("can be continued after it was read back", () =>
    Effect.gen(function* () {
      const resumed = yield* Conversation.fromJson(stored(calling))
      assert.strictEqual(resumed.state, "calling")
      if (resumed.state !== "calling") return
      const request = yield* resumed.pipe(
        Conversation.results(() => "x"),
        Conversation.request()
      )
      assert.strictEqual(request.messages.length, 5)
    })
  )
})

describe("fromJson", () => {
  it.effect.each([
    [null, undefined],
    [{ version: 2, messages: [] }, "version"],
    [{ version: 1, messages: [{ role: "robot", content: "secret" }] }, "messages[0]"],
    [{ version: 1 }, "messages"]
  ] as const)("fails for another form: %#", ([json, parameter]) =>
    Effect.gen(function* () {
      const error = yield* failureOf(Conversation.fromJson(json))
      assert.strictEqual(error._tag, "InvalidRequestError")
      assert.strictEqual(error.parameter, parameter)
      assert.notInclude(error.message, "secret")
    })
  )

  it.effect("fails for calls whose results were removed", () =>
    Effect.gen(function* () {
      const { messages } = calling
      const error = yield* failureOf(Conversation.fromJson({ version: 1, messages: [...messages, Message.user("x")] }))
      assert.strictEqual(error._tag, "ToolHistoryError")
    })
  )
})
