import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { ToolCallAssembler } from "../../src/internal/toolCalls.ts"
import { type Piece, piece } from "./support/toolCalls.ts"

describe("ToolCallAssembler on fragments", () => {
  /** The calls as `[id, name, arguments]`, or `uncertain`. */
  const resolve = (tools: ReadonlyArray<string>, ...pieces: ReadonlyArray<Piece>) => {
    const assembly = new ToolCallAssembler(() => new Set(tools))
    for (const each of pieces) assembly.add(each)
    if (assembly.uncertain !== undefined) return "uncertain"
    return assembly.calls
      .map((call) => assembly.resolve(call))
      .map((call) => [call.id, call.function.name, call.function.arguments])
  }

  it("joins the fragments of a name", () => {
    const oslo = '{"city":"Oslo"}'
    const expected = [["a", "get_weather", oslo]]
    assert.deepStrictEqual(resolve([], piece(0, "a", "get_", ""), piece(0, undefined, "weather", oslo)), expected)
    assert.deepStrictEqual(
      resolve(["get_weather"], piece(0, "a", "get_", ""), piece(0, "b", "weather", ""), piece(0, "c", "", oslo)),
      expected
    )
    assert.deepStrictEqual(resolve([], piece(0, "a", "get_", ""), piece(0, "a", "weather", oslo)), expected)
  })

  it("distinguishes a repeated name from a fragment by the tools of the request", () => {
    const pieces = [piece(0, "a", "go", ""), piece(0, undefined, "go", "{}")]
    assert.deepStrictEqual(resolve(["go"], ...pieces), [["a", "go", "{}"]])
    assert.deepStrictEqual(resolve(["gogo"], ...pieces), [["a", "gogo", "{}"]])
    assert.strictEqual(resolve(["go", "gogo"], ...pieces), "uncertain")
    assert.strictEqual(resolve([], ...pieces), "uncertain")
  })

  it("takes arguments that the last delta repeats once", () => {
    const expected = [["a", "f", '{"a":1}']]
    const fragments = [piece(0, "a", "f", '{"a"'), piece(0, undefined, undefined, ":1}")]
    for (const last of [
      piece(0, "a", "f", '{"a":1}'),
      piece(0, undefined, undefined, '{"a":1}'),
      piece(undefined, "a", undefined, '{"a":1}')
    ]) {
      assert.deepStrictEqual(resolve([], ...fragments, last), expected, JSON.stringify(last))
    }
    assert.deepStrictEqual(
      resolve([], piece(0, "a", "f", '{"a":'), piece(0, undefined, undefined, '{"a":1}')),
      expected
    )
    assert.deepStrictEqual(resolve([], ...fragments, piece(0, "a", "f", '{ "a": 1 }')), [["a", "f", '{ "a": 1 }']])
  })

  it("does not take a nested object for a repetition", () => {
    const nested = ['{"a":', '{"a":1}', "}"].map((args) => piece(0, undefined, undefined, args))
    assert.deepStrictEqual(resolve([], piece(0, "a", "f"), ...nested), [["a", "f", '{"a":{"a":1}}']])
  })

  it("is uncertain where two calls are as possible as one", () => {
    for (const pieces of [
      [piece(0, "a", "f", ""), piece(0, "b", "f", '{"x":1}')],
      [piece(0, "a", "f", ""), piece(0, "b", "f", "")],
      [piece(0, "a", "f", '{"x":1}'), piece(0, "a", "f", '{"x":2}')],
      [piece(0, undefined, "f", '{"x":1}'), piece(0, undefined, "f", '{"x":1}')],
      [piece(0, "a", "get_", '{"x":1}'), piece(0, undefined, "weather", "")],
      [piece(0, "a", "f", '{"x":'), piece(1, "b", "g", "{}"), piece(0, "b", undefined, "1}")],
      [piece(0, "a", undefined, "{}")]
    ]) {
      assert.strictEqual(resolve([], ...pieces), "uncertain", JSON.stringify(pieces))
    }
  })

  it("separates calls without ids by their tools or arguments", () => {
    assert.deepStrictEqual(resolve(["f", "g"], piece(0, undefined, "f", ""), piece(0, undefined, "g", "")), [
      ["call", "f", ""],
      ["call_2", "g", ""]
    ])
    assert.deepStrictEqual(resolve([], piece(0, undefined, "f", '{"x":1}'), piece(0, undefined, "f", '{"x":2}')), [
      ["call", "f", '{"x":1}'],
      ["call_2", "f", '{"x":2}']
    ])
  })

  it("joins interleaved deltas without an index by their ids", () => {
    assert.deepStrictEqual(
      resolve(
        [],
        piece(undefined, "a", "f", '{"x'),
        piece(undefined, "b", "g", "{"),
        piece(undefined, "a", undefined, '":1}'),
        piece(undefined, "b", undefined, "}")
      ),
      [
        ["a", "f", '{"x":1}'],
        ["b", "g", "{}"]
      ]
    )
  })

  const split = (text: string, cuts: ReadonlyArray<number>): ReadonlyArray<string> => {
    const parts: Array<string> = []
    let from = 0
    for (const length of cuts) {
      if (from + length < text.length) parts.push(text.slice(from, (from += length)))
    }
    return [...parts, text.slice(from)]
  }

  it.prop(
    "gives the call or is uncertain for any split of a call, with or without repetition",
    {
      name: Schema.Literals(["f", "aa", "get_weather", "getget"]),
      value: Schema.Union([Schema.String, Schema.Literals(['{"a":', "{}", "}", '{"args":"'])]),
      nameCuts: Schema.Array(Schema.Literals([1, 2, 3])),
      argCuts: Schema.Array(Schema.Literals([1, 2, 7, 9])),
      tools: Schema.Array(Schema.Literals(["f", "a", "aa", "get", "get_weather", "getget"])),
      hasIds: Schema.Boolean,
      repetition: Schema.Literals(["none", "arguments", "call"])
    },
    ({ argCuts, hasIds, name, nameCuts, repetition, tools, value }) => {
      const text = JSON.stringify({ args: value })
      const id = hasIds ? "a" : undefined
      // A host repeats the id with the whole name, not with its fragments.
      const names = hasIds ? [name] : split(name, nameCuts)
      const heads = names.map((part, at) => piece(0, at === 0 ? "a" : id, part, ""))
      const pieces = [...heads, ...split(text, argCuts).map((part) => piece(0, id, hasIds ? name : undefined, part))]
      if (repetition === "arguments") pieces.push(piece(0, id, undefined, text))
      if (repetition === "call") pieces.push(piece(0, "a", name, text))
      const resolved = resolve([name, ...tools], ...pieces)
      if (resolved !== "uncertain") assert.deepStrictEqual(resolved, [["a", name, text]])
      if (tools.length === 0 && repetition !== "call") assert.notStrictEqual(resolved, "uncertain")
    },
    { arbitrary: { seed: "fragments", runs: 500 } }
  )
})
