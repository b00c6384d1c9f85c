import { assert, describe, it } from "@effect/vitest"
import * as lineBits from "../../../../src/node/internal/batch/lineBits.ts"

const upTo = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index + 1)

describe("lineBits", () => {
  for (const [name, lines] of [
    ["none", []],
    ["the first", [1]],
    ["lines in any order", [9, 2, 700, 8]],
    ["every other line of many", upTo(100_000).filter((line) => line % 2 === 0)]
  ] as const) {
    it(`has ${name}`, () => {
      const hasLine = lineBits.decode(lineBits.encode(lines))
      const last = Math.max(0, ...lines) + 20
      assert.deepStrictEqual(
        upTo(last).filter((line) => hasLine?.(line)),
        lines.toSorted((a, b) => a - b)
      )
    })
  }

  it("is short for many lines in a row", () => {
    assert.isBelow(lineBits.encode(upTo(100_000)).length, 100)
  })

  it("has at most a bit for each line", () => {
    const some = upTo(100_000).filter((line) => (line * 7919) % 13 < 5)
    assert.isAtMost(lineBits.encode(some).length, (100_000 / 6) * 1.1)
  })

  it("is not read from a text that is damaged", () => {
    assert.isUndefined(lineBits.decode("no lines"))
  })
})
