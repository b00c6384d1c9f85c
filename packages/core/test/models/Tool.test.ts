import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { JsonObject, ToolCall, ToolChoice, ToolDefinition } from "../../src/models/Tool.ts"
import { refusal, throughText } from "../support/codec.ts"

const decode = Schema.decodeUnknownSync(ToolDefinition)

describe("ToolDefinition", () => {
  it("reads a function with an unchanged schema", () => {
    const parameters = { type: "object", properties: { city: { type: "string", enum: ["Paris"] } }, required: ["city"] }
    const tool = {
      type: "function",
      function: { name: "get_weather", description: "Weather", parameters, strict: false }
    }
    const decoded: unknown = decode(tool)
    assert.deepStrictEqual(decoded, tool)
    assert.deepStrictEqual(throughText(Schema.encodeSync(ToolDefinition)(decode(tool))), tool)
  })

  it("accepts names that start with a letter or an underscore", () => {
    for (const name of ["a", "_", "get_weather", "Get-Weather-2", "a".repeat(256)]) {
      assert.isUndefined(refusal(ToolDefinition, { type: "function", function: { name } }), name)
    }
  })

  it("refuses an empty name", () => {
    const message = refusal(ToolDefinition, { type: "function", function: { name: "" } })
    assert.include(message, '["function"]["name"]')
  })

  it("accepts names that only other hosts allow", () => {
    const tool = { type: "function", function: { name: "literature.search_pubmed" } }
    assert.deepStrictEqual(decode(tool), tool)
  })

  it("accepts a tool of the host only by a name that starts with $", () => {
    const search = { type: "builtin_function", function: { name: "$web_search" } }
    assert.deepStrictEqual(decode(search), search)
    assert.include(refusal(ToolDefinition, { type: "builtin_function", function: { name: "web_search" } }), '"$"')
  })

  it("refuses an unknown type of tool", () => {
    assert.isDefined(refusal(ToolDefinition, { type: "plugin", function: { name: "a" } }))
    assert.isDefined(refusal(ToolDefinition, { function: { name: "a" } }))
  })
})

describe("ToolChoice", () => {
  it("accepts the three literals or a named function", () => {
    for (const choice of ["auto", "none", "required", { type: "function", function: { name: "get_weather" } }]) {
      assert.deepStrictEqual(Schema.decodeUnknownSync(ToolChoice)(choice), choice)
    }
    assert.isDefined(refusal(ToolChoice, "any"))
    assert.isDefined(refusal(ToolChoice, { type: "function" }))
  })
})

describe("ToolCall", () => {
  it("keeps the text of the arguments, valid JSON or not", () => {
    const call = { id: "web_search:0", type: "builtin_function", function: { name: "$web_search", arguments: '{"q":' } }
    assert.deepStrictEqual(
      Schema.decodeUnknownSync(ToolCall)(throughText(Schema.encodeUnknownSync(ToolCall)(call))),
      call
    )
  })
})

describe("JsonObject", () => {
  it("accepts JSON only", () => {
    assert.isUndefined(refusal(JsonObject, { a: [1, null, { b: "c" }] }))
    for (const value of [[], "a", { a: undefined }, { a: Number.NaN }, { a: () => 1 }]) {
      assert.isDefined(refusal(JsonObject, value))
    }
  })

  it("ignores members that name the prototype", () => {
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
    const decoded = Schema.decodeUnknownSync(JsonObject)(JSON.parse(text))
    assert.strictEqual(Object.getPrototypeOf(decoded), Object.prototype)
    assert.notProperty(decoded, "polluted")
    assert.notProperty({}, "polluted")
    assert.strictEqual(JSON.stringify(Schema.encodeSync(JsonObject)(decoded)), text)
  })
})
