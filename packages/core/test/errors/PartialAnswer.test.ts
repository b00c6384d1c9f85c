import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { PartialAnswer } from "../../src/errors/PartialAnswer.ts"
import { refusal, throughText } from "../support/codec.ts"

const partial: PartialAnswer = {
  content: "So far",
  reasoning_content: "",
  tool_calls: [{ id: "get_time_0", name: "get_time", arguments: '{"zo' }]
}

describe("PartialAnswer", () => {
  it("keeps arguments that are not valid JSON", () => {
    const encoded = throughText(Schema.encodeSync(PartialAnswer)(partial))
    assert.deepStrictEqual(Schema.decodeUnknownSync(PartialAnswer)(encoded), partial)
  })

  it("refuses an answer without its texts", () => {
    assert.include(refusal(PartialAnswer, { content: "a", tool_calls: [] }), "reasoning_content")
  })
})
