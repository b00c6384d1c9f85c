import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { optionalFromNullish } from "../../../src/models/internal/OptionalFromNullish.ts"
import { refusal, throughText } from "../../support/codec.ts"

const Note = Schema.Struct({
  id: Schema.String,
  size: optionalFromNullish(Schema.Finite),
  tags: optionalFromNullish(Schema.Array(Schema.String))
})
const decode = Schema.decodeUnknownSync(Note)
const encode = Schema.encodeSync(Note)

describe("optionalFromNullish", () => {
  it("reads null, undefined or a missing member as absent", () => {
    const bare = { id: "a" }
    assert.deepStrictEqual(decode({ id: "a", size: null, tags: null }), bare)
    assert.deepStrictEqual(decode({ id: "a", size: undefined }), bare)
    assert.deepStrictEqual(decode({ id: "a" }), bare)
    assert.notProperty(decode({ id: "a", size: null }), "size")
  })

  it("reads values, including falsy ones", () => {
    assert.deepStrictEqual(decode({ id: "", size: 0, tags: [] }), { id: "", size: 0, tags: [] })
  })

  it("encodes no null", () => {
    for (const input of [{ id: "a", size: null }, { id: "a" }, { id: "a", size: 3, tags: null }]) {
      assert.notInclude(JSON.stringify(encode(decode(input))), "null")
    }
    assert.deepStrictEqual(encode({ id: "a" }), { id: "a" })
  })

  it("encodes the value that it decoded", () => {
    const note = { id: "a", size: 3, tags: ["b"] }
    assert.deepStrictEqual(decode(throughText(encode(note))), note)
  })

  it("refuses a value of another type, with its path", () => {
    assert.include(refusal(Note, { id: "a", size: "3" }), '["size"]')
    assert.include(refusal(Note, { id: "a", tags: ["b", null] }), '["tags"][1]')
  })

  it("decodes with a schema that transforms the value", () => {
    const Count = Schema.Struct({ n: optionalFromNullish(Schema.NumberFromString) })
    assert.deepStrictEqual(Schema.decodeUnknownSync(Count)({ n: "12" }), { n: 12 })
    assert.deepStrictEqual(Schema.encodeSync(Count)({ n: 12 }), { n: "12" })
  })
})
