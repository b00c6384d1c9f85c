import { assert, describe, it } from "@effect/vitest"
import { findSchemaProblem, type SchemaNode } from "../../../src/internal/rules/moonshotSchema.ts"

const text = { type: "string" }
const withA = (a: unknown, more: SchemaNode = {}): SchemaNode => ({ type: "object", properties: { a }, ...more })

/** A chain of definitions that require each other. */
const ring = (required: ReadonlyArray<string>): SchemaNode => ({
  type: "object",
  properties: { start: { $ref: "#/$defs/a" } },
  required,
  $defs: {
    a: { type: "object", properties: { b: { $ref: "#/$defs/b" } }, required: ["b"] },
    b: { type: "object", properties: { a: { $ref: "#/$defs/a" } }, required: ["a"] }
  }
})

const nested = (levels: number): SchemaNode => {
  let schema: SchemaNode = text
  for (let level = 0; level < levels; level++) schema = withA(schema)
  return schema
}

const branches = (count: number) => ({ anyOf: Array.from({ length: count }, () => text) })
const properties = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, text]))

/** What the host's own validator accepts (MoonshotAI/walle, testdata/validator_cases). */
const accepted: Record<string, SchemaNode> = {
  "any value": {},
  "a list of types with an enum": withA({ type: ["string", "null"], enum: ["value", null] }),
  "an enum of booleans": withA({ type: "boolean", enum: [true, false] }),
  "an array without items": withA({ type: "array" }),
  "additional properties of any value": withA(text, { additionalProperties: {} }),
  "a pattern": withA({ type: "string", pattern: "^[a-z]+$" }),
  "keywords that the host ignores": withA({ type: "string", format: "uri", title: "T" }, { $schema: "x" }),
  "names with a slash outside of definitions": { type: "object", properties: { "a/b": text } },
  "a property with the name of a harmless keyword": { type: "object", properties: { type: text, items: text } },
  "a reference to the root that is optional": withA({ $ref: "#" }),
  "a reference to another property": withA(
    { $ref: "#/properties/b" },
    { properties: { b: text, a: { $ref: "#/properties/b" } } }
  ),
  "a recursive array that may be empty": withA({ type: "array", items: { $ref: "#" } }, { required: ["a"] }),
  "a recursion that ends in a branch": {
    ...withA({ anyOf: [{ type: "null" }, { $ref: "#" }] }),
    required: ["a"]
  },
  "an endless definition that nothing requires": ring([]),
  "30 levels": nested(30),
  "500 branches": withA(branches(500)),
  "3000 properties": { type: "object", properties: properties(3000) }
}

const rejected: Record<string, readonly [SchemaNode, path: string, reason: RegExp]> = {
  "a type that does not exist": [withA({ type: "objct" }), "properties.a", /^invalid type$/],
  "a type that is no text": [withA({ type: 3 }), "properties.a", /^type must be string or array of strings$/],
  "an empty list of types": [withA({ type: [] }), "properties.a", /^type array cannot be empty$/],
  "a list with an unknown type": [withA({ type: ["string", "x"] }), "properties.a", /^invalid type in type array$/],
  "no type": [withA({ description: "x" }), "properties.a", /^type is not defined$/],
  "an enum without a type": [withA({ enum: ["x"] }), "properties.a", /^type is not defined$/],
  "a type beside anyOf": [withA({ type: "string", anyOf: [text] }), "properties.a", /^when using anyOf/],
  "a type beside $ref": [withA({ type: "string", $ref: "#" }), "properties.a", /^when using \$ref/],
  "an enum value of another type": [withA({ type: "string", enum: [true] }), "properties.a", /^enum value \(true\)/],
  "an enum value that is no integer": [withA({ type: "integer", enum: [1.5] }), "properties.a", /^enum value \(1\.5\)/],
  "an enum without values": [withA({ type: "string", enum: [] }), "properties.a", /^enum array cannot be empty$/],
  "an enum that is no list": [withA({ type: "string", enum: "x" }), "properties.a", /^enum must be an array$/],
  "a branch without a type": [withA({ anyOf: [text, {}] }), "properties.a.anyOf.1", /^type is not defined$/],
  "anyOf without branches": [withA({ anyOf: [] }), "properties.a", /^anyOf must have 1-500 items$/],
  "anyOf that is no list": [withA({ anyOf: text }), "properties.a", /^anyOf must be an array$/],
  "items without a type": [withA({ type: "array", items: {} }), "properties.a.items", /^type is not defined$/],
  "items that are a list": [withA({ type: "array", items: [text] }), "properties.a", /^items must be an object$/],
  "a property that is no schema": [withA(true), "", /^property schema for 'a' must be an object$/],
  "properties that are a list": [{ type: "object", properties: [] }, "", /^properties must be an object$/],
  "a property with the name of a keyword": [
    { type: "object", properties: { required: text } },
    "",
    /^property name 'required' is reserved/
  ],
  "required that is no list": [withA(text, { required: "a" }), "", /^required must be an array$/],
  "required with a number": [withA(text, { required: [1] }), "", /^items in required array must be strings$/],
  "additional properties that are a text": [withA(text, { additionalProperties: "no" }), "", /^additionalProperties/],
  "a description that is a number": [withA({ type: "string", description: 3 }), "properties.a", /^description/],
  "a pattern that is a number": [withA({ type: "string", pattern: 3 }), "properties.a", /^pattern must be a string$/],
  "a reference to another document": [withA({ $ref: "https://x/s.json" }), "properties.a", /^references must start/],
  "a reference to nothing": [withA({ $ref: "#/$defs/none" }), "properties.a", /^invalid \$ref path/],
  "a reference to a member that all objects have": [
    withA({ $ref: "#/toString" }),
    "properties.a",
    /^invalid \$ref path/
  ],
  "a reference that is a number": [withA({ $ref: 3 }), "properties.a", /^\$ref must be a string$/],
  "a definition with a slash": [withA(text, { $defs: { "a/b": text } }), "$defs", /cannot contain '\/'/],
  "a broken definition": [withA(text, { $defs: { d: {} } }), "$defs.d", /^type is not defined$/],
  "definitions that require each other": [ring(["start"]), "", /^detected infinite recursion/],
  "a recursive array that may not be empty": [
    withA({ type: "array", items: { $ref: "#" }, minItems: 1 }, { required: ["a"] }),
    "",
    /^detected infinite recursion/
  ],
  "31 levels": [nested(31), Array.from({ length: 31 }, () => "properties.a").join("."), /^schema depth/],
  "501 branches": [withA(branches(501)), "properties.a", /^anyOf must have 1-500 items$/],
  "3001 properties": [{ type: "object", properties: properties(3001) }, "", /^total number of properties keys\(3001\)/]
}

describe("moonshotSchema", () => {
  for (const [name, schema] of Object.entries(accepted)) {
    it(`accepts ${name}`, () => {
      assert.isUndefined(findSchemaProblem(schema))
    })
  }

  for (const [name, [schema, path, reason]] of Object.entries(rejected)) {
    it(`rejects ${name}`, () => {
      const problem = findSchemaProblem(schema)
      assert.match(problem?.reason ?? "", reason)
      assert.strictEqual(problem?.path, path)
    })
  }

  it("rejects a nesting that would exhaust the stack", () => {
    let schema: SchemaNode = text
    for (let level = 0; level < 100_000; level++) schema = { type: "array", items: schema }
    assert.match(findSchemaProblem(withA(schema))?.reason ?? "", /^schema depth/)
  })
})
