import { assert, describe, it } from "@effect/vitest"
import { stringify } from "../../../../src/cache/internal/key/CanonicalValue.ts"

class Dated {
  toJSON() {
    return { b: 1, a: 2 }
  }
}

describe("stringify", () => {
  it.each([
    ["text", '"text"'],
    [1.5, "1.5"],
    [-0, "0"],
    [0, "0"],
    [Number.NaN, "NaN"],
    [5n, "5n"],
    [true, "true"],
    [undefined, "undefined"],
    [null, "null"],
    [[1, "a", undefined], '[1,"a",undefined]'],
    [{ b: 1, a: undefined, c: { e: 1, d: 2 } }, '{"b":1,"c":{"d":2,"e":1}}'],
    [new Dated(), '{"a":2,"b":1}'],
    [{ toJSON: 5 }, '{"toJSON":5}'],
    [new Uint8Array([1, 2]), "Bytes[1,2]"],
    [new Uint8Array([1, 2, 3, 4]).subarray(1, 3), "Bytes[2,3]"],
    [new Set([3, 1]), "Set[1,3]"],
    [
      new Map([
        ["b", 1],
        ["a", 2]
      ]),
      'Map{"a":2,"b":1}'
    ]
  ])("writes %s as %s", (value, text) => {
    assert.strictEqual(stringify(value), text)
  })

  it.each([
    ["function", () => 1],
    ["symbol", Symbol("a")]
  ])("refuses a %s", (kind, value) => {
    assert.throws(() => stringify(value), TypeError, `A ${kind} cannot be part of a cache key: use data instead`)
  })
})
