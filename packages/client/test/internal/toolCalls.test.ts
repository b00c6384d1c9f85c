import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { ToolCallAssembler, UniqueIds } from "../../src/internal/toolCalls.ts"
import { type Piece, piece } from "./support/toolCalls.ts"

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
  it("numbers ids that are blank or repeated", () => {
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
