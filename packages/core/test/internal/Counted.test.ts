import { assert, describe, it } from "@effect/vitest"
import { counted } from "../../src/internal/Counted.ts"

describe("a count with its noun", () => {
  it.each([
    [0, "row", "0 rows"],
    [1, "row", "1 row"],
    [2, "row", "2 rows"],
    [1, "tool call", "1 tool call"],
    [21, "tool call", "21 tool calls"]
  ] as const)("of %s %s is %s", (count, noun, expected) => {
    assert.strictEqual(counted(count, noun), expected)
  })

  it("has another plural where it is not formed with an s", () => {
    assert.deepStrictEqual(
      [1, 3].map((count) => counted(count, "return to the queue", "returns to the queue")),
      ["1 return to the queue", "3 returns to the queue"]
    )
  })
})
