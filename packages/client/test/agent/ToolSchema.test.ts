import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as ToolSchema from "../../src/agent/ToolSchema.ts"
import { violations } from "./support/moonshotRules.ts"

class Person extends Schema.Class<Person>("Person/1")({ name: Schema.String }) {}

interface Category {
  readonly name: string
  readonly children: ReadonlyArray<Category>
}
const Category = Schema.Struct({
  name: Schema.String,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Category> => Category))
})

/** What is sent for a property of this schema. */
const sent = (property: Schema.Constraint): unknown => {
  const { jsonSchema } = Result.getOrThrow(ToolSchema.fromSchema(Schema.Struct({ a: property })))
  assert.deepStrictEqual(violations(jsonSchema), [])
  return (jsonSchema["properties"] as { readonly a: unknown }).a
}

const refusal = (schema: Schema.Constraint) => Result.getOrThrow(Result.flip(ToolSchema.fromSchema(schema)))

const text = { type: "string" }
const person = { type: "object", properties: { name: text }, required: ["name"], additionalProperties: false }

describe("ToolSchema.fromSchema", () => {
  const rows: Record<string, readonly [Schema.Constraint, unknown]> = {
    "a number without Effect's words for infinities": [Schema.Number, { type: "number" }],
    "an integer without the bounds of safe integers": [Schema.Int, { type: "integer" }],
    "an exclusive bound of an integer as the next integer": [
      Schema.Int.check(Schema.isGreaterThan(0)),
      { type: "integer", minimum: 1 }
    ],
    "an exclusive bound of a number in the description": [
      Schema.Finite.check(Schema.isGreaterThan(0)),
      { type: "number", minimum: 0, description: "Greater than 0." }
    ],
    "a bound in scientific notation in the description": [
      Schema.Finite.check(Schema.isLessThanOrEqualTo(1e30)),
      { type: "number", description: "At most 1e+30." }
    ],
    "a multiple in the description": [
      Schema.Finite.check(Schema.isMultipleOf(5)),
      { type: "number", description: "A multiple of 5." }
    ],
    "lengths of a text": [Schema.String.check(Schema.isMaxLength(4)), { type: "string", maxLength: 4 }],
    "a pattern in the description": [
      Schema.String.check(Schema.isPattern(/^x/u)),
      { type: "string", description: "Matches ^x." }
    ],
    "a format in a word": [Schema.String.check(Schema.isUUID()), { type: "string", description: "Format: uuid." }],
    "several patterns in one description": [
      Schema.String.check(Schema.isPattern(/a/u), Schema.isPattern(/b/u)),
      { type: "string", description: "Matches a. Matches b." }
    ],
    "bytes as encoded text": [Schema.Uint8Array, { type: "string", description: "Format: byte. Encoded as base64." }],
    "annotations that the host knows": [
      Schema.String.annotate({ title: "T", description: "D", examples: ["x"], default: "y" }),
      { type: "string", description: "D", default: "y" }
    ],
    "texts as an enum": [Schema.Literals(["a", "b"]), { type: "string", enum: ["a", "b"] }],
    "literals of several types as a union": [
      Schema.Literals(["a", 1, "b"]),
      {
        anyOf: [
          { type: "string", enum: ["a", "b"] },
          { type: "number", enum: [1] }
        ]
      }
    ],
    "a literal boolean as a boolean": [Schema.Literal(true), { type: "boolean", description: "Always true." }],
    null: [Schema.Null, { type: "null" }],
    "a nullable value as a union": [Schema.NullOr(Schema.String), { anyOf: [text, { type: "null" }] }],
    "an array of at least one item": [Schema.NonEmptyArray(Schema.String), { type: "array", items: text, minItems: 1 }],
    "a tuple of one schema as an array": [
      Schema.Tuple([Schema.String, Schema.String]),
      { type: "array", items: text, minItems: 2, maxItems: 2 }
    ],
    "distinct items in the description": [
      Schema.Array(Schema.String).check(Schema.isUnique()),
      { type: "array", items: text, description: "Without duplicates." }
    ],
    "a struct without fields as an object": [Schema.Struct({}), { type: "object", properties: {} }],
    "a record of one pattern with a sentence about its keys": [
      Schema.Record(Schema.TemplateLiteral(["x-", Schema.String]), Schema.String),
      { type: "object", properties: {}, additionalProperties: text, description: "Keys match ^x-[\\s\\S]*?$." }
    ],
    "a class in place": [Person, person],
    "the description of a place": [
      Schema.String.pipe(Schema.annotateKey({ description: "The author." })),
      { type: "string", description: "The author." }
    ],
    "oneOf as anyOf": [
      Schema.Union([Schema.String, Schema.Boolean], { mode: "oneOf" }),
      { anyOf: [text, { type: "boolean" }] }
    ],
    "a date as a text": [Schema.DateTimeUtc, text]
  }
  for (const [name, [schema, expected]] of Object.entries(rows)) {
    it(`sends ${name}`, () => {
      assert.deepStrictEqual(sent(schema), expected)
    })
  }

  it("writes a recursive root in place", () => {
    const { jsonSchema } = Result.getOrThrow(ToolSchema.fromSchema(Category))
    assert.strictEqual(jsonSchema["type"], "object")
    assert.deepStrictEqual(violations(jsonSchema), [])
  })

  it("gives recursive definitions names without a slash", () => {
    const schema = Schema.Struct({ c: Category.annotate({ identifier: "a/b c" }) })
    const { jsonSchema } = Result.getOrThrow(ToolSchema.fromSchema(schema))
    assert.deepStrictEqual(violations(jsonSchema), [])
  })

  const refused: Record<string, readonly [Schema.Constraint, string]> = {
    "a tuple of several schemas": [
      Schema.Struct({ a: Schema.Array(Schema.Tuple([Schema.String, Schema.Int])) }),
      "properties.a.items"
    ],
    "any value": [Schema.Struct({ a: Schema.Unknown }), "properties.a"],
    "no value": [Schema.Struct({ a: Schema.Never }), "properties.a"],
    "bounds without a value between": [
      Schema.Struct({ a: Schema.Int.check(Schema.isGreaterThan(0), Schema.isLessThan(1)) }),
      "properties.a"
    ],
    "an enum in scientific notation": [Schema.Struct({ a: Schema.Literal(1e300) }), "properties.a"],
    "a property with the name of a keyword": [Schema.Struct({ required: Schema.String }), "properties.required"],
    "records of several patterns": [
      Schema.Struct({
        a: Schema.StructWithRest(Schema.Struct({}), [
          Schema.Record(Schema.TemplateLiteral(["x-", Schema.String]), Schema.String),
          Schema.Record(Schema.TemplateLiteral(["y-", Schema.String]), Schema.Int)
        ])
      }),
      "properties.a"
    ],
    "a root union": [Schema.Union([Schema.Struct({ a: Schema.String }), Schema.Struct({ b: Schema.Int })]), ""],
    "a root that is no object": [Schema.String, ""]
  }
  for (const [name, [schema, path]] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      const error = refusal(schema)
      assert.strictEqual(error._tag, "ToolSchemaError")
      assert.strictEqual(error.path, path)
    })
  }

  it("names what the schema belongs to", () => {
    const result = ToolSchema.fromSchema(Schema.String, { subject: "The tool x" })
    assert.match(Result.getOrThrow(Result.flip(result)).message, /^The tool x cannot be sent/)
  })

  it.effect("decodes what it describes", () =>
    Effect.gen(function* () {
      const { codec } = Result.getOrThrow(ToolSchema.fromSchema(Schema.Struct({ at: Schema.DateTimeUtc })))
      const { at } = yield* Schema.decodeUnknownEffect(codec)({ at: "2026-01-02T03:04:05Z" })
      assert.strictEqual(at.epochMilliseconds, Date.UTC(2026, 0, 2, 3, 4, 5))
    })
  )
})

describe("ToolSchema.fromJsonSchema", () => {
  const rewritten = (schema: Record<string, unknown>): unknown => {
    const jsonSchema = Result.getOrThrow(ToolSchema.fromJsonSchema(schema))
    assert.deepStrictEqual(violations(jsonSchema), [])
    return jsonSchema
  }
  const path = (schema: Record<string, unknown>): string | undefined =>
    Result.getOrThrow(Result.flip(ToolSchema.fromJsonSchema(schema))).path
  const withA = (a: unknown) => ({ type: "object", properties: { a } })

  it("drops keywords that do not restrict values", () => {
    assert.deepStrictEqual(
      rewritten({ $schema: "https://json-schema.org/draft/2020-12/schema", title: "T", ...withA(text) }),
      withA(text)
    )
  })

  const equivalents: Record<string, readonly [unknown, unknown]> = {
    "a constant": [{ const: "x" }, { type: "string", enum: ["x"] }],
    "a list of types": [{ type: ["string", "null"] }, { anyOf: [text, { type: "null" }] }],
    "an enum of several types": [
      { type: ["string", "null"], enum: ["x", null] },
      { anyOf: [{ type: "string", enum: ["x"] }, { type: "null" }] }
    ],
    "an enum without a type": [{ enum: ["x"] }, { type: "string", enum: ["x"] }],
    "a type beside a union": [
      { type: "string", anyOf: [{ minLength: 1 }, { maxLength: 9 }] },
      {
        anyOf: [
          { type: "string", minLength: 1 },
          { type: "string", maxLength: 9 }
        ]
      }
    ],
    "an object without its type": [{ properties: {} }, { type: "object", properties: {} }],
    "an array without items": [
      { type: "array", items: false },
      { type: "array", maxItems: 0 }
    ]
  }
  for (const [name, [given, expected]] of Object.entries(equivalents)) {
    it(`rewrites ${name}`, () => {
      assert.deepStrictEqual(rewritten(withA(given)), withA(expected))
    })
  }

  it("writes old definitions in place", () => {
    const schema = { ...withA({ $ref: "#/definitions/T" }), definitions: { T: text } }
    assert.deepStrictEqual(rewritten(schema), withA(text))
  })

  it("keeps a reference to the root", () => {
    assert.deepStrictEqual(rewritten(withA({ $ref: "#" })), withA({ $ref: "#" }))
  })

  const refused: Record<string, unknown> = {
    "an unknown type": { type: "objct" },
    "a reference to nothing": { $ref: "#/$defs/none" },
    "a condition": { type: "string", if: {} },
    "an enum that contradicts its type": { type: "string", enum: [1] },
    "a type that contradicts its branches": { type: "string", anyOf: [{ type: "number" }] },
    "a schema that is no object": true
  }
  for (const [name, given] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      assert.match(String(path(withA(given))), /^properties\.a/)
    })
  }

  it("refuses a recursion that never ends", () => {
    assert.strictEqual(path({ ...withA({ $ref: "#" }), required: ["a"] }), "")
  })

  it("refuses a schema that is nested without end", () => {
    let schema: unknown = text
    for (let depth = 0; depth < 50_000; depth++) schema = { type: "array", items: schema }
    assert.match(String(path(withA(schema))), /items/)
  })

  it("refuses definitions that multiply without end", () => {
    const level = (index: number) => {
      const next = { $ref: `#/$defs/d${index + 1}` }
      return { type: "object", properties: { a: next, b: next } }
    }
    const $defs = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`d${index}`, level(index)]))
    assert.isString(path({ ...withA({ $ref: "#/$defs/d0" }), $defs: { ...$defs, d40: text } }))
  })

  it("keeps a property named __proto__ without changing a prototype", () => {
    const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}')
    const jsonSchema = rewritten(schema) as { readonly properties: object }
    assert.deepStrictEqual(Object.keys(jsonSchema.properties), ["__proto__"])
  })
})

describe("ToolSchema.hasObjectRoot", () => {
  it("recognizes a struct", () => {
    assert.isTrue(ToolSchema.hasObjectRoot(Person))
  })

  it("recognizes that an array is none", () => {
    assert.isFalse(ToolSchema.hasObjectRoot(Schema.Array(Schema.String)))
  })
})

describe("schemas of JSON Schema that apply together", () => {
  it("are sent as one with the tightest bounds", () => {
    const properties = {
      count: {
        allOf: [
          { type: "integer", minimum: 3, maximum: 5 },
          { minimum: 1, maximum: 9 }
        ]
      },
      name: {
        allOf: [
          { type: "object", properties: { first: { type: "string", minLength: 1 } } },
          { properties: { first: { maxLength: 5 } } }
        ]
      },
      pair: { prefixItems: [{ type: "string" }, { type: "string" }] }
    }
    assert.deepStrictEqual<unknown>(Result.getOrThrow(ToolSchema.fromJsonSchema({ type: "object", properties })), {
      type: "object",
      properties: {
        count: { type: "integer", minimum: 3, maximum: 5 },
        name: { type: "object", properties: { first: { type: "string", minLength: 1, maxLength: 5 } } },
        pair: { type: "array", items: { type: "string" } }
      }
    })
  })
})
