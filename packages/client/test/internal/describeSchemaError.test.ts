import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describeSchemaError as describeIssue } from "../../src/internal/describeSchemaError.ts"

const secret = "what the user said"

const Part = Schema.Union([
  Schema.Struct({ type: Schema.tag("text"), text: Schema.String }),
  Schema.Struct({ type: Schema.tag("image"), url: Schema.String })
])

const Root = Schema.Struct({
  name: Schema.String.check(Schema.isPattern(/^[a-z]+$/, { expected: "a name of lower-case letters" })),
  parts: Schema.Array(Part),
  size: Schema.optional(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 2 }))),
  more: Schema.optional(Schema.Record(Schema.String, Schema.Json))
})

const issue = (input: unknown) => {
  const result = Schema.decodeUnknownResult(Root)(input)
  return Result.isFailure(result) ? describeIssue(result.failure) : assert.fail("the input was taken")
}

describe("describeSchemaError", () => {
  it("has the path with the expected type", () => {
    const text = { type: "text", text: "x" }
    const cases = [
      [{ name: "a" }, "parts", "Missing key"],
      [{ name: 3, parts: [] }, "name", "Expected string"],
      [{ name: secret, parts: [] }, "name", "Expected a name of lower-case letters"],
      [{ name: "a", parts: secret }, "parts", "Expected array"],
      [{ name: "a", parts: [text, text, { type: "text", text: 3 }] }, "parts[2].text", "Expected string"],
      [{ name: "a", parts: [{ type: "image" }] }, "parts[0].url", "Missing key"],
      [{ name: "a", parts: [], size: 3 }, "size", "Expected a value between 0 and 2"],
      [{ name: "a", parts: [], more: { "x-y": undefined } }, "more.x-y", "Expected JSON value"]
    ] as const
    for (const [input, path, message] of cases) assert.deepStrictEqual(issue(input), { path, message })
  })

  it("has an empty path for the root", () => {
    assert.deepStrictEqual(issue(secret), { path: "", message: "Expected object" })
    assert.deepStrictEqual(issue(null), { path: "", message: "Expected object" })
  })

  it("describes the first of several issues", () => {
    assert.strictEqual(issue({ name: 3, parts: 3 }).path, "name")
  })

  it("never contains the value", () => {
    const inputs = [
      secret,
      [secret],
      { name: secret, parts: [] },
      { name: "a", parts: secret },
      { name: "a", parts: [secret] },
      { name: "a", parts: [{ type: secret }] },
      { name: "a", parts: [{ type: "text", text: [secret] }] },
      { name: "a", parts: [], size: secret },
      { name: "a", parts: [], more: secret },
      { name: "a", parts: [], more: { a: () => secret } }
    ]
    for (const input of inputs) assert.notInclude(JSON.stringify(issue(input)), secret)
  })
})
