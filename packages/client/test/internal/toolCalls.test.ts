import { assert, describe, it } from "@effect/vitest"
import type { ToolCallChunk } from "@kimi-effect/core/ChatCompletionChunk"
import * as Schema from "effect/Schema"
import { ToolCallAssembler, UniqueIds } from "../../src/internal/toolCalls.ts"

type Piece = typeof ToolCallChunk.Type

const piece = (index: number | null | undefined, id?: string, name?: string, args?: string): Piece => ({
  ...(index === undefined ? {} : { index }),
  ...(id === undefined ? {} : { id }),
  ...(name === undefined && args === undefined
    ? {}
    : { function: { ...(name === undefined ? {} : { name }), ...(args === undefined ? {} : { arguments: args }) } })
})

/** The calls as `[id, name, arguments]`. */
const assemble = (...pieces: ReadonlyArray<Piece>): ReadonlyArray<readonly [string, string, string]> => {
  const assembly = new ToolCallAssembler()
  for (const each of pieces) assembly.add(each)
  return assembly.calls.map((call) => [call.id, call.name, call.arguments])
}

describe("ToolCallAssembler", () => {
  it("joins the deltas of a call by its index", () => {
    assert.deepStrictEqual(
      assemble(
        piece(0, "get_time_0", "get_time", ""),
        piece(0, undefined, undefined, '{"zo'),
        piece(0, undefined, undefined, 'ne":1}')
      ),
      [["get_time_0", "get_time", '{"zone":1}']]
    )
  })

  it("returns the position of the call of a delta", () => {
    const assembly = new ToolCallAssembler()
    const positions = [
      piece(0, "a", "f"),
      piece(3, "b", "g"),
      piece(0, undefined, undefined, "{}"),
      piece(3, undefined, undefined, "{}")
    ]
    assert.deepStrictEqual(
      positions.map((each) => assembly.add(each)),
      [0, 1, 0, 1]
    )
  })

  it("joins interleaved deltas by any indices", () => {
    for (const [first, second] of [
      [0, 1],
      [1, 0],
      [7, 3],
      [-1, 1e9]
    ]) {
      assert.deepStrictEqual(
        assemble(
          piece(first, "a", "f", '{"x'),
          piece(second, "b", "g", "["),
          piece(first, undefined, undefined, '":1}'),
          piece(second, undefined, undefined, "]")
        ),
        [
          ["a", "f", '{"x":1}'],
          ["b", "g", "[]"]
        ]
      )
    }
  })

  it("joins a delta without an index to the last call", () => {
    for (const none of [undefined, null]) {
      assert.deepStrictEqual(
        assemble(
          piece(none, "a", "f", ""),
          piece(none, undefined, undefined, '{"x":'),
          piece(none, undefined, undefined, "1}"),
          piece(none, "b", "g", "{}"),
          piece(none, undefined, undefined, "")
        ),
        [
          ["a", "f", '{"x":1}'],
          ["b", "g", "{}"]
        ]
      )
    }
  })

  it("accepts whole calls without an index", () => {
    assert.deepStrictEqual(assemble(piece(undefined, "a", "f", "{}"), piece(undefined, "b", "f", "{}")), [
      ["a", "f", "{}"],
      ["b", "f", "{}"]
    ])
  })

  it("joins deltas that repeat the id", () => {
    assert.deepStrictEqual(assemble(piece(0, "a", "f", '{"x'), piece(0, "a", "f", '":1'), piece(0, "a", "f", "}")), [
      ["a", "f", '{"x":1}']
    ])
  })

  it("joins a delta that repeats the id after complete arguments", () => {
    assert.deepStrictEqual(assemble(piece(0, "a", "f", "{}"), piece(0, "a", "f", "")), [["a", "f", "{}"]])
  })

  it("joins deltas that each have a new id at index 0", () => {
    assert.deepStrictEqual(
      assemble(
        piece(0, "a", "f", ""),
        piece(0, "b", undefined, '{"x'),
        piece(0, "c", "", '":1'),
        piece(0, "d", "f", "}")
      ),
      [["a", "f", '{"x":1}']]
    )
    assert.deepStrictEqual(assemble(piece(0, "a", "f", "{}"), piece(0, "b", undefined, "")), [["a", "f", "{}"]])
  })

  it("separates several calls with one index", () => {
    assert.deepStrictEqual(
      assemble(
        piece(0, "a", "f", '{"x":1}'),
        piece(0, "b", "f", '{"x":'),
        piece(0, undefined, undefined, "2} "),
        piece(0, "c", "g", "{}")
      ),
      [
        ["a", "f", '{"x":1}'],
        ["b", "f", '{"x":2} '],
        ["c", "g", "{}"]
      ]
    )
  })

  it("separates calls of different tools without arguments", () => {
    for (const index of [0, undefined]) {
      assert.deepStrictEqual(assemble(piece(index, "a", "get_time", ""), piece(index, "b", "get_date")), [
        ["a", "get_time", ""],
        ["b", "get_date", ""]
      ])
    }
  })

  it("does not treat a brace inside the arguments as their end", () => {
    assert.deepStrictEqual(assemble(piece(0, "a", "f", '{"x":{}'), piece(0, "b", "f", "}")), [["a", "f", '{"x":{}}']])
    assert.deepStrictEqual(assemble(piece(0, "a", "f", '{"x":"}'), piece(0, "b", "f", '"}')), [["a", "f", '{"x":"}"}']])
  })

  it("accepts the members of a call in any order", () => {
    assert.deepStrictEqual(assemble(piece(0, undefined, undefined, '{"x'), piece(0, "a", "f", '":1}')), [
      ["call", "f", '{"x":1}']
    ])
    assert.deepStrictEqual(assemble(piece(0, undefined, "f"), piece(0, "a", undefined, "{}")), [["call", "f", "{}"]])
  })

  it("keeps the last type", () => {
    const assembly = new ToolCallAssembler()
    assembly.add({ ...piece(0, "a", "$web_search", ""), type: "function" })
    assembly.add({ ...piece(0, undefined, undefined, "{}"), type: "builtin_function" })
    assert.deepStrictEqual(
      assembly.calls.map((call) => assembly.resolve(call)),
      [{ id: "a", type: "builtin_function", function: { name: "$web_search", arguments: "{}" } }]
    )
  })

  it("treats a call without a type as a function", () => {
    const assembly = new ToolCallAssembler()
    assembly.add(piece(0, "a", "f", "{}"))
    assert.deepStrictEqual(
      assembly.calls.map((call) => assembly.resolve(call)),
      [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }]
    )
  })

  it("accepts an empty delta", () => {
    assert.deepStrictEqual(assemble({ index: 0, function: null }, {}), [["call", "", ""]])
  })

  it("makes the id of every call unique", () => {
    assert.deepStrictEqual(
      assemble(piece(0, "a", "f"), piece(1, "a", "f"), piece(2, "", "f"), piece(3, " ", "f"), piece(4, "a_2", "f")).map(
        ([id]) => id
      ),
      ["a", "a_2", "call", "call_2", "a_2_2"]
    )
  })

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

  it("tells a repeated name from a fragment by the tools of the request", () => {
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

  it("is uncertain where two calls and one are equally possible", () => {
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

  const Cuts = Schema.Array(Schema.Literals([1, 2, 3, 7]))

  it.prop(
    "returns the same calls for any split of their arguments",
    { args: Schema.String, cuts: Cuts },
    ({ args, cuts }) => {
      const text = JSON.stringify({ args })
      const pieces: Array<Piece> = []
      let from = 0
      for (const length of cuts) {
        pieces.push(piece(0, undefined, undefined, text.slice(from, from + length)))
        from += length
      }
      pieces.push(piece(0, undefined, undefined, text.slice(from)), piece(1, "b", "g", "{}"))
      assert.deepStrictEqual(assemble(piece(0, "a", "f", ""), ...pieces), [
        ["a", "f", text],
        ["b", "g", "{}"]
      ])
    }
  )
})

describe("UniqueIds", () => {
  it("numbers blank and repeated ids", () => {
    const ids = new UniqueIds()
    assert.deepStrictEqual(
      ["a", "a", "a", "a_2", "", "", " \t", "call"].map((id) => ids.makeUnique(id)),
      ["a", "a_2", "a_3", "a_2_2", "call", "call_2", "call_3", "call_4"]
    )
  })

  it("accepts names of the prototype as ids", () => {
    const ids = new UniqueIds()
    assert.deepStrictEqual(
      ["__proto__", "constructor", "__proto__"].map((id) => ids.makeUnique(id)),
      ["__proto__", "constructor", "__proto___2"]
    )
  })

  it("numbers a thousand equal ids in two steps each", () => {
    let steps = 0
    class Counted extends UniqueIds {
      override makeUnique(id: string): string {
        steps++
        return super.makeUnique(id)
      }
    }
    const ids = new Counted()
    const taken = Array.from({ length: 1_000 }, () => ids.makeUnique("call_0"))
    assert.strictEqual(new Set(taken).size, 1_000)
    assert.strictEqual(taken.at(-1), "call_0_1000")
    assert.strictEqual(steps, 1_999)
  })

  it.prop(
    "never returns an id twice",
    [Schema.Array(Schema.Literals(["", "a", "a_2", "a_2_2", "a_3", "call", "call_2"]))],
    ([all]) => {
      const ids = new UniqueIds()
      assert.strictEqual(new Set(all.map((id) => ids.makeUnique(id))).size, all.length)
    }
  )
})
