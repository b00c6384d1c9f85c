import { assert, describe, it } from "@effect/vitest"
import { isCompactJson } from "../../../../../src/node/internal/batch/output/compactJson.ts"

const isCompact = (text: string): boolean => isCompactJson(Buffer.from(text))

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const line = JSON.stringify({
  id: 'Zeile "1"\n',
  line: 1,
  error_tag: null,
  cost: { USD: "0.0012" },
  cached: false,
  value: { score: -0.5, tags: ["größer", "\u0001", []], none: {} },
  response: { choices: [{ index: 0, message: { content: "C:\\temp\ttab", refusal: null } }] }
})

const numbers = ["0", "-0", "10", "01", "-", "-01", "1.5", "1.", ".5", "1.5.5", "1-1", "1a", "+1"]
const words = ["true", "false", "null", "tru", "nulls", "falsy", "True", "t"]
const strings = [
  '"',
  '""',
  '"a',
  '"\\"',
  '"\\\\"',
  '"\\x"',
  '"\\u00e9"',
  '"\\u00g9"',
  '"\\u00e"',
  '"\\',
  '"\t"',
  '"\u007f"',
  '"日本"'
]
const others = ['"a""b"', "'a'", "", "1,2", "1}", '1},{"a":1', "1],[1", "{}{}", '{"a":1,}', "[,1]", "{a:1}"]

const tokens = ["{", "}", "[", "]", ",", ":", '"a"', "1", "null"]

/** All texts of up to `length` tokens. */
const textsOf = (length: number): ReadonlyArray<string> =>
  length === 0 ? [""] : ["", ...textsOf(length - 1).flatMap((text) => tokens.map((token) => text + token))]

describe("compactJson", () => {
  it("recognizes a line of an output", () => {
    assert.isTrue(isCompact(line))
  })

  it.each([numbers, words, strings, others].flat())("decides as JSON.parse does for %j", (text) => {
    assert.strictEqual(isCompact(text), isJson(text))
  })

  it("decides as JSON.parse does for each text of up to 5 tokens", () => {
    const texts = textsOf(5)
    const wrong = texts.filter((text) => isCompact(text) !== isJson(text))
    assert.deepStrictEqual(wrong, [])
  })

  it("recognizes no part of a line that was cut", () => {
    const cuts = Array.from(Buffer.from(line).keys(), (end) => Buffer.from(line).subarray(0, end))
    assert.isFalse(cuts.some(isCompactJson))
  })

  it("recognizes a line with one byte less only if it is JSON", () => {
    const bytes = Buffer.from(line)
    for (const at of bytes.keys()) {
      const text = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]).toString("latin1")
      if (isCompactJson(Buffer.from(text, "latin1"))) assert.isTrue(isJson(text), text)
    }
  })

  it("does not recognize JSON that is nested deeply", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth)
    assert.isTrue(isCompact(nested(29)))
    assert.isFalse(isCompact(nested(1000)))
  })

  it.each(['{"a": 1}', " 1", "1e3", "1E-3"])("does not recognize the other form of %j", (text) => {
    assert.isFalse(isCompact(text))
  })
})
