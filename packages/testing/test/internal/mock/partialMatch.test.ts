import { assert, describe, it } from "@effect/vitest"
import { partialMatch } from "../../../src/internal/mock/partialMatch.ts"

describe("partialMatch", () => {
  const cases: ReadonlyArray<readonly [name: string, actual: unknown, expected: unknown, isMatch: boolean]> = [
    ["accepts further members", { a: 1, b: 2 }, { a: 1 }, true],
    ["rejects another value", { a: 1 }, { a: 2 }, false],
    ["rejects an absent member", {}, { a: 1 }, false],
    ["accepts anything for undefined", { a: 1 }, { a: undefined }, true],
    ["accepts nested members", { a: { b: 1, c: 2 } }, { a: { c: 2 } }, true],
    ["accepts items between others", [1, 2, 3], [1, 3], true],
    ["rejects items in another order", [1, 2], [2, 1], false],
    ["rejects an item that is there once for two", [1], [1, 1], false],
    ["rejects an object for an array", { 0: 1 }, [1], false],
    ["rejects null for an object", null, { a: 1 }, false]
  ]
  for (const [name, actual, expected, isMatch] of cases) {
    it(name, () => assert.strictEqual(partialMatch(actual, expected), isMatch))
  }
})
