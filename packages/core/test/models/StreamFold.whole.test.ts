import { assert, describe, it } from "@effect/vitest"
import { Effect, Equal, Option, Stream } from "effect"
import { ChatResponse } from "../../src/models/ChatResponse.ts"
import * as StreamFold from "../../src/models/StreamFold.ts"
import { usageOf } from "../support/responses.ts"

const usage = usageOf({ prompt_tokens: 400, completion_tokens: 70, cached_tokens: 256, reasoning_tokens: 50 })

const whole = new ChatResponse({
  id: "chatcmpl-1",
  model: "kimi-k3",
  created: 1,
  provider: "moonshot",
  requestId: "r-1",
  usage,
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: "hello",
        reasoning_content: "they greet",
        tool_calls: [
          { id: "a_0", type: "function", function: { name: "a", arguments: "{}" } },
          { id: "b_1", type: "builtin_function", function: { name: "$b", arguments: '{"x":1}' } }
        ]
      },
      finish_reason: "tool_calls"
    },
    { index: 1, message: { role: "assistant", content: "" }, finish_reason: "length" }
  ]
})

describe("StreamFold.toEvents", () => {
  it("returns events that fold into the same response", () => {
    const folded = StreamFold.fold(StreamFold.toEvents(whole))
    assert.isTrue(Equal.equals(Option.getOrUndefined(folded), whole))
  })

  it("returns the events in the order of a stream", () => {
    assert.deepStrictEqual(
      StreamFold.toEvents(whole).map((event) => event._tag),
      [
        "Start",
        "ReasoningDelta",
        "TextDelta",
        "ToolCallDelta",
        "ToolCallDelta",
        "ToolCall",
        "ToolCall",
        "Usage",
        "Finish"
      ]
    )
  })
})

describe("StreamFold.collect", () => {
  it.effect("returns the complete response of a stream", () =>
    Effect.gen(function* () {
      const answer = yield* StreamFold.collect(Stream.fromIterable(StreamFold.toEvents(whole)))
      assert.isTrue(Equal.equals(answer, whole))
    })
  )

  it.effect("fails when the stream has no Finish", () =>
    Effect.gen(function* () {
      const events = StreamFold.toEvents(whole).filter((event) => event._tag !== "Finish")
      const error = yield* Effect.flip(StreamFold.collect(Stream.fromIterable(events)))
      assert.strictEqual(error._tag, "StreamTruncatedError")
    })
  )

  it.effect("fails with the stream's own error", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Effect.flip(StreamFold.collect(Stream.fail("broken" as const))), "broken")
    })
  )
})
