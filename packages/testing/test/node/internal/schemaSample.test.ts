import { assert, describe, it } from "@effect/vitest"
import { schemaSample } from "../../../src/node/internal/schemaSample.ts"

describe("schemaSample", () => {
  it("has every property", () => {
    const schema = {
      type: "object",
      properties: {
        text: { type: "string", minLength: 8 },
        short: { type: "string", maxLength: 3 },
        count: { type: "integer", minimum: 4 },
        above: { type: "number", exclusiveMinimum: 4 },
        below: { type: "number", maximum: -1 },
        flag: { type: "boolean" },
        nothing: { type: "null" },
        choice: { type: "string", enum: ["a", "b"] },
        either: { anyOf: [{ type: "integer" }, { type: "null" }] },
        list: { type: "array", items: { $ref: "#/$defs/Item" }, minItems: 2 }
      },
      required: ["text"],
      $defs: { Item: { type: "object", properties: { name: { type: "string" } } } }
    }
    assert.deepStrictEqual(schemaSample(schema), {
      text: "sample..",
      short: "sam",
      count: 4,
      above: 5,
      below: -1,
      flag: true,
      nothing: null,
      choice: "a",
      either: 1,
      list: [{ name: "sample" }, { name: "sample" }]
    })
  })

  it("ends a recursive schema", () => {
    const tree = { type: "object", properties: { children: { type: "array", items: { $ref: "#/$defs/Tree" } } } }
    let value: unknown = schemaSample({ $ref: "#/$defs/Tree", $defs: { Tree: tree } })
    let depth = 0
    while (typeof value === "object" && value !== null) {
      value = Object.values(value)[0]
      depth += 1
    }
    assert.isBelow(depth, 30)
  })

  it("ends a schema that has no finite value", () => {
    const chain = { type: "object", properties: { next: { $ref: "#/$defs/Chain" } }, required: ["next"] }
    assert.isObject(schemaSample({ $ref: "#/$defs/Chain", $defs: { Chain: chain } }))
  })

  it("is null for what is no schema", () => {
    for (const schema of [undefined, null, 1, {}, { type: "unknown" }]) assert.isNull(schemaSample(schema))
  })
})
