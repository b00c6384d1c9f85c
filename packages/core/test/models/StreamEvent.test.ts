import { assert, describe, it } from "@effect/vitest"
import { Effect, Equal, Schema } from "effect"
import { isContent, StreamEvent } from "../../src/models/StreamEvent.ts"
import { refusal, throughText } from "../support/codec.ts"

const codec = Schema.toCodecJson(StreamEvent)
const call = { id: "a_0", type: "function", function: { name: "a", arguments: "{}" } }
const counts = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }

const events: ReadonlyArray<StreamEvent> = [
  { _tag: "Start", id: "chatcmpl-1", model: "kimi-k3", created: 1 },
  { _tag: "ReasoningDelta", choice: 0, text: "Hm" },
  { _tag: "TextDelta", choice: 0, text: "hi" },
  { _tag: "ToolCallDelta", choice: 0, index: 0, id: "a_0", name: "a", arguments: "{" },
  { _tag: "ToolCall", choice: 0, index: 0, call },
  { _tag: "Usage", usage: { ...counts, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 1 } },
  { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] },
  { _tag: "Reset", reason: "StreamInterruptedError" },
  { _tag: "Resume", reason: "StreamInterruptedError", id: "chatcmpl-2", requestId: "r-2" }
]

describe("StreamEvent", () => {
  it("has seven events of a stream plus two of a recovery", () => {
    for (const event of events) assert.isTrue(Schema.is(StreamEvent)(event), event._tag)
    assert.strictEqual(new Set(events.map((event) => event._tag)).size, StreamEvent.members.length)
    assert.isDefined(refusal(StreamEvent, { _tag: "Ping" }))
  })

  it("accepts only true as the mark of an estimate", () => {
    const usage = { ...counts, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 1 }
    assert.isTrue(Schema.is(StreamEvent)({ _tag: "Usage", usage, isEstimate: true }))
    assert.isDefined(refusal(StreamEvent, { _tag: "Usage", usage, isEstimate: false }))
  })

  it.effect.prop(
    "is equal after a round trip through JSON text",
    [StreamEvent],
    ([event]) =>
      Effect.gen(function* () {
        const encoded = yield* Schema.encodeEffect(codec)(event)
        assert.isTrue(Equal.equals(yield* Schema.decodeUnknownEffect(codec)(throughText(encoded)), event))
      }),
    { arbitrary: { seed: "event", runs: 200 } }
  )

  it("counts deltas of the model's output as content", () => {
    const content = events.filter(isContent).map((event) => event._tag)
    assert.deepStrictEqual(content, ["ReasoningDelta", "TextDelta", "ToolCallDelta"])
  })
})
