import { assert, describe, it } from "@effect/vitest"
import * as Digest from "../../../../src/observability/internal/prefix/Digest.ts"

describe("of", () => {
  it("is equal for equal values", () => {
    const make = () => ({ role: "user", content: [{ type: "text", text: "Hi" }], absent: undefined })
    assert.strictEqual(Digest.of(make()), Digest.of(make()))
    assert.strictEqual(Digest.of({ a: 1, b: undefined }), Digest.of({ a: 1 }))
  })

  it("differs for values that differ in one place", () => {
    const values = [
      null,
      true,
      "true",
      1,
      "1",
      "",
      [],
      {},
      [[]],
      [""],
      ["a", "b"],
      ["ab"],
      [["a"], "b"],
      { a: "b" },
      { a: ["b"] },
      { b: "a" },
      { a: 1, b: 2 },
      { b: 2, a: 1 },
      { a: { b: 1 }, c: 2 },
      { a: { b: 1, c: 2 } }
    ]
    assert.strictEqual(new Set(values.map(Digest.of)).size, values.length)
  })

  it("differs for 100,000 numbered texts", () => {
    const digests = new Set<number>()
    for (let i = 0; i < 100_000; i += 1) digests.add(Digest.of(`message ${i}`))
    assert.strictEqual(digests.size, 100_000)
  })

  it("reads every character of a long text", () => {
    const text = "x".repeat(200_000)
    for (const at of [0, 1, 65_537, 199_999]) {
      assert.notStrictEqual(Digest.of(text), Digest.of(`${text.slice(0, at)}y${text.slice(at + 1)}`))
    }
  })

  it("samples long media, whose length counts too", () => {
    const url = `data:video/mp4;base64,${"A".repeat(10_000_000)}`
    assert.notStrictEqual(Digest.of(url), Digest.of(`${url}A`))
    assert.notStrictEqual(Digest.of(url), Digest.of(url.replaceAll("A", "B")))
  })
})
