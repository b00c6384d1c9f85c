import { assert, describe, it } from "@effect/vitest"
import { canonicalizeText, RawJson, stringify } from "../../../../src/cache/internal/key/CanonicalJson.ts"

const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`

describe("canonicalizeText", () => {
  it("ignores the order of members", () => {
    assert.strictEqual(canonicalizeText('{"b": 1, "a": 2}').text, canonicalizeText('{"a":2,"b":1}').text)
  })

  it("compares text of more than 256 levels by its characters", () => {
    assert.strictEqual(canonicalizeText(nested(256)).text, nested(256))
    assert.strictEqual(canonicalizeText(` ${nested(257)}`).text, `!"${nested(257)}"`)
    assert.strictEqual(canonicalizeText(nested(100_000)).text, `!"${nested(100_000)}"`)
  })

  it("counts no bracket within a string", () => {
    const text = JSON.stringify({ a: "[".repeat(1_000) })
    assert.strictEqual(canonicalizeText(text).text, text)
  })

  it("counts levels that are closed no more", () => {
    const text = `[${Array.from({ length: 1_000 }, () => "[]").join()}]`
    assert.strictEqual(canonicalizeText(text).text, text)
  })

  it("counts the levels of objects", () => {
    const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`
    assert.strictEqual(canonicalizeText(objects(256)).text, objects(256))
    assert.strictEqual(canonicalizeText(objects(257)).text, `!${JSON.stringify(objects(257))}`)
  })

  it("counts objects that are closed no more", () => {
    const text = `[${Array.from({ length: 1_000 }, () => "{}").join()}]`
    assert.strictEqual(canonicalizeText(text).text, text)
  })

  it.each([
    [' { "a" :\t1 ,\r\n"b": [ 1 , 2 ] } ', '{"a":1,"b":[1,2]}'],
    ['{"a":" \\" [ "}', '{"a":" \\" [ "}'],
    ['{"a":"b c"}', '{"a":"b c"}'],
    ["true", "true"],
    ["[false,null]", "[false,null]"],
    ['""', '""'],
    ["1", "1"],
    // Other spellings of a value may be other values at the host.
    ['"\\u0041"', '!"\\"\\\\u0041\\""'],
    ["1e2", '!"1e2"'],
    ["1.0", '!"1.0"'],
    ["0.1234567890123456", '!"0.1234567890123456"'],
    ['{"a":1,"a":2}', '!"{\\"a\\":1,\\"a\\":2}"'],
    ["{broken", '!"{broken"'],
    // As long as null.
    ["abcd", '!"abcd"'],
    ["", '!""']
  ])("of %s is %s", (text, canonical) => {
    assert.strictEqual(canonicalizeText(text).text, canonical)
  })
})

describe("stringify", () => {
  it.each([
    ["a\ud800", '"a\\ud800"'],
    [1.5, "1.5"],
    [Number.NaN, "null"],
    [Number.POSITIVE_INFINITY, "null"],
    [true, "true"],
    [false, "false"],
    [null, "null"],
    [undefined, "null"],
    [() => 1, "null"],
    [[1, undefined], "[1,null]"],
    [{ b: 1, a: undefined, c: { e: 1, d: 2 } }, '{"b":1,"c":{"d":2,"e":1}}'],
    [{ b: 1 }, '{"b":1}'],
    [{}, "{}"],
    [new RawJson("raw"), "raw"]
  ])("writes %s as %s", (value, text) => {
    assert.strictEqual(stringify(value), text)
  })
})
