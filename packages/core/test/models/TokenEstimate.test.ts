import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { TokenEstimateRequest, TokenEstimateResponse } from "../../src/models/TokenEstimate.ts"
import { refusal, throughText } from "../support/codec.ts"

describe("TokenEstimate", () => {
  it("encodes the messages with the model, without anything else", () => {
    const request = { model: "kimi-k3", messages: [{ role: "user", content: "hello" }] }
    const decoded = Schema.decodeUnknownSync(TokenEstimateRequest)({ ...request, tools: [], temperature: 1 })
    assert.deepStrictEqual(throughText(Schema.encodeSync(TokenEstimateRequest)(decoded)), request)
  })

  it("reads the count", () => {
    const response = { data: { total_tokens: 80 } }
    assert.deepStrictEqual(Schema.decodeUnknownSync(TokenEstimateResponse)({ ...response, code: 0 }), response)
    assert.include(refusal(TokenEstimateResponse, { data: {} }), '["data"]["total_tokens"]')
  })
})
