import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { runs, seedOf } from "../../../../../../test/support/depth.ts"
import { PartialJson } from "../../../../src/agent/internal/output/PartialJson.ts"

const read = (...pieces: ReadonlyArray<string>): unknown => {
  const reader = new PartialJson()
  for (const piece of pieces) reader.feed(piece)
  return reader.snapshot()
}

const snapshots = (text: string): ReadonlyArray<unknown> => {
  const reader = new PartialJson()
  return Array.from(text, (character) => {
    reader.feed(character)
    return reader.snapshot()
  })
}

/** Whether a partial value can grow into the complete one. */
const isPrefix = (partial: unknown, complete: unknown): boolean => {
  if (typeof partial === "string") return typeof complete === "string" && complete.startsWith(partial)
  if (typeof partial !== "object" || partial === null) return Object.is(partial, complete)
  if (typeof complete !== "object" || complete === null || Array.isArray(partial) !== Array.isArray(complete)) {
    return false
  }
  return Object.keys(partial).every(
    (key) => Object.hasOwn(complete, key) && isPrefix(Reflect.get(partial, key), Reflect.get(complete, key))
  )
}

describe("PartialJson", () => {
  it("shows the part of a string that has arrived", () => {
    assert.deepStrictEqual(read('{"name":"Ad'), { name: "Ad" })
  })

  it("reads no character of a long string again for a snapshot", () => {
    const reader = new PartialJson()
    reader.feed('{"text":"')
    for (let index = 0; index < 250_000; index++) {
      reader.feed("abcd")
      reader.snapshot()
    }
    // Reading again would take minutes, so that the test would exceed its time.
    assert.strictEqual((reader.snapshot() as { readonly text: string }).text.length, 1_000_000)
  })

  it("hides a number until it ends, since it may continue", () => {
    assert.deepStrictEqual(read('{"age":3'), {})
    assert.deepStrictEqual(read('{"age":36', "}"), { age: 36 })
  })

  it("hides a key without a value", () => {
    assert.deepStrictEqual(read('{"a":1,"b'), { a: 1 })
    assert.deepStrictEqual(read('{"a":1,"b":'), { a: 1 })
  })

  it("has no value before the root begins", () => {
    assert.isUndefined(read(" \n"))
  })

  it("skips a Markdown fence before the JSON, wherever it is cut", () => {
    for (const text of ['```json\n{"a":1}\n```', '```\n{"a":1}']) {
      for (let cut = 0; cut <= text.length; cut++) {
        assert.deepStrictEqual(read(text.slice(0, cut), text.slice(cut)), { a: 1 })
      }
    }
  })

  it("does not show half a character", () => {
    const [half, rest] = ["\ud83d", "\ude00"]
    assert.deepStrictEqual(read(`{"a":"x${half}`), { a: "x" })
    assert.deepStrictEqual(read(`{"a":"x${half}`, `${rest}"}`), { a: "x😀" })
    assert.deepStrictEqual(read('{"a":"x\\ud83d'), { a: "x" })
    assert.deepStrictEqual(read('{"a":"x\\ud83d\\ude00"}'), { a: "x😀" })
  })

  it("keeps a member called __proto__ as data", () => {
    const value = read('{"__proto__":{"polluted":true},"a":{"__proto__":"b')
    assert.deepStrictEqual(value, JSON.parse('{"__proto__":{"polluted":true},"a":{"__proto__":"b"}}'))
    assert.notProperty({}, "polluted")
  })

  it("does not change earlier snapshots", () => {
    const reader = new PartialJson()
    reader.feed('{"list":[1,')
    const before = reader.snapshot()
    reader.feed('2,3],"b":"x"}')
    assert.deepStrictEqual(before, { list: [1] })
    assert.deepStrictEqual(reader.snapshot(), { list: [1, 2, 3], b: "x" })
  })

  it("shares complete members between snapshots", () => {
    const reader = new PartialJson()
    reader.feed('{"done":{"deep":[1]},"open":[')
    const before = reader.snapshot() as { readonly done: unknown }
    reader.feed("1,2")
    assert.strictEqual((reader.snapshot() as { readonly done: unknown }).done, before.done)
  })

  it.each([
    "x{}",
    '{"a" 1',
    "{]",
    "[}",
    '{"a":tru}',
    '{"a":01}',
    "[1,]",
    '{"a":1,}',
    '{"a":"\n"}',
    '{"a":"\\x"}',
    "[1 2]"
  ])("stops at text that cannot become JSON: %j", (text) => {
    const reader = new PartialJson()
    reader.feed(text)
    assert.isTrue(reader.isInvalid)
    const stopped = reader.snapshot()
    reader.feed('"more"]}')
    assert.deepStrictEqual(reader.snapshot(), stopped)
  })

  it("reads deep nesting without recursion", () => {
    const depth = 100_000
    const reader = new PartialJson()
    reader.feed("[".repeat(depth))
    assert.strictEqual(reader.snapshotSize, depth)
    reader.feed("]".repeat(depth))
    assert.isFalse(reader.isInvalid)
    assert.strictEqual(reader.snapshotSize, 0)
  })

  it("counts what a snapshot copies", () => {
    const reader = new PartialJson()
    reader.feed('{"a":1,"b":[1,2,{"c":[1,2,3]},')
    assert.strictEqual(reader.snapshotSize, 1 + 3 + 2)
  })

  const Root = Schema.Record(Schema.String, Schema.Json)

  it.prop(
    "ends with the value of the text, of which every snapshot is a prefix",
    { root: Root, indent: Schema.Literals([0, 2]), items: Schema.Array(Schema.Json) },
    ({ indent, items, root }) => {
      for (const value of [root, items]) {
        const text = JSON.stringify(value, null, indent)
        const all = snapshots(text)
        const complete = all.at(-1)
        assert.strictEqual(JSON.stringify(complete, null, indent), text)
        for (const partial of all) assert.isTrue(isPrefix(partial, complete))
        for (let cut = 0; cut <= text.length; cut += 7) {
          assert.deepStrictEqual(read(text.slice(0, cut), text.slice(cut)), complete)
        }
      }
    },
    { arbitrary: { seed: seedOf("partial JSON"), runs: runs({ sample: 200, deep: 20_000 }) } }
  )

  /**
   * `JSON.parse` of Node 26 may take a key with an escape for one with a backslash that it predicts from other objects:
   * after `{"":1,"\\":2}` it reads `{"":1,"\n":2}` with a backslash as its key.
   */
  const hasEscapeInKey = (text: string): boolean =>
    [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].some(([, key]) => key?.includes("\\"))

  it.prop(
    "accepts every text that JSON.parse accepts",
    {
      root: Root,
      at: Schema.Natural,
      character: Schema.Literals(['"', "{", "}", "[", "]", ",", ":", "1", "e", "\\", " "])
    },
    ({ at, character, root }) => {
      const valid = JSON.stringify(root)
      const cut = at % (valid.length + 1)
      const text = valid.slice(0, cut) + character + valid.slice(cut)
      if (hasEscapeInKey(text)) return
      const reader = new PartialJson()
      reader.feed(text)
      let isValid = true
      try {
        JSON.parse(text)
      } catch {
        isValid = false
      }
      if (isValid) assert.deepStrictEqual(reader.snapshot(), JSON.parse(text))
      assert.isTrue(!isValid || !reader.isInvalid)
    },
    { arbitrary: { seed: seedOf("broken JSON"), runs: runs({ sample: 500, deep: 50_000 }) } }
  )
})
