import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ModelList } from "../../src/models/ModelList.ts"
import { refusal, throughText } from "../support/codec.ts"

const decode = Schema.decodeUnknownSync(ModelList)

const k3 = {
  id: "kimi-k3",
  created: 1_784_000_000,
  owned_by: "moonshot",
  context_length: 1_048_576,
  supports_image_in: true,
  supports_video_in: true,
  supports_reasoning: true,
  supports_dynamic_tools: true,
  reasoning_efforts: ["low", "high", "max"]
}

describe("ModelList", () => {
  it("reads a model of Moonshot without unknown members", () => {
    const wire = { ...k3, object: "model", permission: [], root: "kimi-k3", parent: "", supports_thinking_type: "only" }
    assert.deepStrictEqual(decode({ object: "list", data: [wire] }), { data: [k3] })
    assert.deepStrictEqual(throughText(Schema.encodeSync(ModelList)(decode({ data: [wire] }))), { data: [k3] })
  })

  it("reads a model that has only an id", () => {
    const wire = { id: "kimi-k2.5", created: null, owned_by: null, context_length: null }
    assert.deepStrictEqual(decode({ data: [wire] }), { data: [{ id: "kimi-k2.5" }] })
  })

  it("refuses a model without an id, with its path", () => {
    assert.include(refusal(ModelList, { data: [{ id: "a" }, { name: "b" }] }), '["data"][1]["id"]')
  })
})
