import { assert, describe, it } from "@effect/vitest"
import { type ErrorResponse, errorResponses } from "../../../src/ErrorResponses.ts"
import { checkTools } from "../../../src/node/internal/toolCheck.ts"

const tool = (parameters?: object, name = "get_weather") => ({
  type: "function" as const,
  function: { name, ...(parameters === undefined ? {} : { parameters: parameters as Record<string, never> }) }
})
const withUnit = (unit: object) => tool({ type: "object", properties: { unit }, $defs: { unit: { type: "string" } } })

describe("toolCheck", () => {
  const accepted: Record<string, object> = {
    "a type with fitting enum values": { type: "string", enum: ["celsius", "kelvin"] },
    "an integer enum": { type: "integer", enum: [1, 2] },
    "types inside anyOf": { anyOf: [{ type: "string" }, { type: "null" }] },
    "a reference without a type": { $ref: "#/$defs/unit" },
    "a list of types": { type: ["string", "null"], enum: ["celsius", null] }
  }
  for (const [name, unit] of Object.entries(accepted)) {
    it(`accepts ${name}`, () => {
      assert.isUndefined(checkTools([withUnit(unit)]))
    })
  }

  it("accepts a tool without parameters", () => {
    assert.isUndefined(checkTools([tool()]))
  })

  const rejected: ReadonlyArray<readonly [keyof typeof errorResponses, object]> = [
    ["toolSchemaNoType", {}],
    ["toolSchemaAnyOf", { type: "string", anyOf: [{ type: "string" }] }],
    ["toolSchemaRef", { type: "string", $ref: "#/$defs/unit" }],
    ["toolSchemaEnum", { type: "string", enum: [true] }]
  ]
  for (const [name, unit] of rejected) {
    it(`rejects with the recorded message of ${name}`, () => {
      assert.strictEqual(checkTools([withUnit(unit)]), (errorResponses[name] as ErrorResponse).message)
    })
  }

  it("rejects a root that is no object", () => {
    assert.strictEqual(checkTools([tool({ type: "string" })]), errorResponses.toolSchemaRoot.message)
  })

  it("rejects a function name that occurs twice", () => {
    assert.strictEqual(checkTools([tool(), tool()]), errorResponses.duplicatedFunction.message)
  })

  for (const place of ["items", "additionalProperties"]) {
    it(`checks the schema in ${place}`, () => {
      assert.include(
        checkTools([withUnit({ type: "object", [place]: { description: "any" } })]),
        `'properties.unit.${place}'`
      )
    })
  }

  it("accepts additional properties of any value", () => {
    assert.isUndefined(checkTools([withUnit({ type: "object", additionalProperties: {} })]))
  })
})
