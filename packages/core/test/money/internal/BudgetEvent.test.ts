import { assert, describe, it } from "@effect/vitest"
import * as BudgetEvent from "../../../src/money/internal/BudgetEvent.ts"

describe("thresholdCrossings", () => {
  // Half of 3 is between 1 and 2.
  for (const [spentBefore, spent, count] of [
    [0n, 1n, 0],
    [0n, 2n, 1],
    [1n, 2n, 1],
    [2n, 3n, 0]
  ] as const) {
    it(`are ${count} of half of 3 from ${spentBefore} to ${spent}`, () => {
      const change = { scope: "USD total", cap: 3n, spentBefore, spent }
      assert.lengthOf(BudgetEvent.thresholdCrossings([change], [0.5], 0), count)
    })
  }
})
