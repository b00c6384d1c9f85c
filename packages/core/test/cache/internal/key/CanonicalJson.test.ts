import { assert, describe, it } from "@effect/vitest"
import { canonicalizeText } from "../../../../src/cache/internal/key/CanonicalJson.ts"

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
})
