import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Schema from "effect/Schema"
import { ChatResponse } from "../../../src/models/ChatResponse.ts"
import * as DecodedResponse from "../../../src/models/internal/DecodedResponse.ts"

const members: ConstructorParameters<typeof ChatResponse>[0] = {
  id: "chatcmpl-1",
  model: "kimi-k3",
  created: 1_700_000_000,
  choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
  provider: "moonshot"
}

describe("DecodedResponse", () => {
  it("equals the response of the constructor", () => {
    assert.deepStrictEqual(DecodedResponse.make(members), new ChatResponse(members))
    assert.isTrue(Equal.equals(DecodedResponse.make(members), new ChatResponse(members)))
  })

  it("has the getters of a response", () => {
    const response = DecodedResponse.make(members)
    assert.isTrue(response instanceof ChatResponse)
    assert.strictEqual(response.text, "Hello")
  })

  it("is encoded as the response of the constructor is", () => {
    const encode = Schema.encodeSync(Schema.toCodecJson(ChatResponse))
    assert.deepStrictEqual(encode(DecodedResponse.make(members)), encode(new ChatResponse(members)))
  })
})
