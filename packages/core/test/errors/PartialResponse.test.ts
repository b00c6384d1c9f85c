import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { PartialResponse } from "../../src/errors/PartialResponse.ts"
import { refusal, throughText } from "../support/codec.ts"

const partial: PartialResponse = {
  content: "So far",
  reasoning_content: "",
  tool_calls: [{ id: "get_time_0", name: "get_time", arguments: '{"zo' }]
}

describe("PartialResponse", () => {
  it("keeps arguments that are not valid JSON", () => {
    const encoded = throughText(Schema.encodeSync(PartialResponse)(partial))
    assert.deepStrictEqual(Schema.decodeUnknownSync(PartialResponse)(encoded), partial)
  })

  it("refuses a response without its texts", () => {
    assert.include(refusal(PartialResponse, { content: "a", tool_calls: [] }), "reasoning_content")
  })
})
