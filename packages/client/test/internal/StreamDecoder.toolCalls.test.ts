import { assert, describe, it } from "@effect/vitest"
import { chunk, decodeData } from "./support/sse.ts"

describe("a stream with fragments of a tool call", () => {
  it("fails at its end when they have several readings", () => {
    const nameless = { index: 0, id: "a", type: "function", function: { arguments: "{}" } }
    const { events, failure } = decodeData([chunk({ tool_calls: [nameless] }), chunk({}, "tool_calls"), "[DONE]"])
    assert.strictEqual(failure?._tag, "MalformedOutputError")
    assert.isFalse(events.some(({ _tag }) => _tag === "ToolCall" || _tag === "Finish"))
  })
})
