import { assert, describe, it } from "@effect/vitest"
import { Effect, Equal, Schema } from "effect"
import { ChatResponse } from "../../src/models/ChatResponse.ts"
import { Message } from "../../src/models/Message.ts"
import { refusal, throughText } from "../support/codec.ts"

const codec = Schema.toCodecJson(ChatResponse)
const head = { id: "chatcmpl-1", model: "kimi-k3", created: 1_790_000_000 }
const call = { id: "get_weather_0", type: "function", function: { name: "get_weather", arguments: "{}" } }

const response = new ChatResponse({
  ...head,
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "hello", reasoning_content: "Hm", tool_calls: [call] },
      finish_reason: "tool_calls"
    },
    { index: 1, message: { role: "assistant", content: "other" }, finish_reason: "length" }
  ]
})

const bare = new ChatResponse({
  ...head,
  choices: [{ index: 0, message: { role: "assistant", content: "" }, finish_reason: "stop" }]
})

describe("ChatResponse", () => {
  it("reads the first choice through its getters", () => {
    assert.strictEqual(response.message, response.choices[0].message)
    assert.strictEqual(response.text, "hello")
    assert.strictEqual(response.reasoning, "Hm")
    assert.deepStrictEqual(response.toolCalls, [call])
    assert.strictEqual(response.finishReason, "tool_calls")
  })

  it("returns empty values without reasoning or tool calls", () => {
    assert.strictEqual(bare.text, "")
    assert.strictEqual(bare.reasoning, "")
    assert.deepStrictEqual(bare.toolCalls, [])
  })

  it("has a message that can be sent back unchanged", () => {
    for (const { message } of [response, bare]) {
      assert.deepStrictEqual(Schema.decodeUnknownSync(Message)(throughText(message)), message)
    }
  })

  it("compares responses by every member", () => {
    assert.isFalse(Equal.equals(response, bare))
    assert.isFalse(Equal.equals(bare, new ChatResponse({ ...bare, requestId: "r-1" })))
    assert.isTrue(Equal.equals(bare, new ChatResponse({ ...bare })))
  })

  it.effect.prop(
    "is equal after a round trip through JSON text",
    [ChatResponse],
    ([answer]) =>
      Effect.gen(function* () {
        const decoded = yield* Schema.decodeUnknownEffect(codec)(throughText(yield* Schema.encodeEffect(codec)(answer)))
        assert.instanceOf(decoded, ChatResponse)
        assert.isTrue(Equal.equals(decoded, answer))
      }),
    { arbitrary: { seed: "response", runs: 100 } }
  )

  it("encodes no getter", () => {
    assert.sameMembers(Object.keys(Schema.encodeUnknownSync(codec)(response) ?? {}), [
      "id",
      "model",
      "created",
      "choices"
    ])
  })

  it("refuses a response without choices", () => {
    assert.include(refusal(codec, { ...head, choices: [] }), '["choices"]')
  })
})
