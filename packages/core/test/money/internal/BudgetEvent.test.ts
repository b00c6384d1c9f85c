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

describe("thresholdCrossings of a change", () => {
  it("name the scope with its currency", () => {
    const change = { scope: "CNY tenant:CNY ", cap: 10_000_000_000n, spentBefore: 0n, spent: 6_000_000_000n }
    const [event] = BudgetEvent.thresholdCrossings([change], [0.5], 7)
    assert.deepInclude(event, {
      _tag: "ThresholdCrossed",
      currency: "CNY",
      scope: "tenant:CNY ",
      threshold: 0.5,
      at: 7
    })
  })
})

describe("thresholdCrossings of several caps", () => {
  it("compare each with its own limits", () => {
    const thresholds = [0.5, 0.8]
    const changes = [10n, 100n, 10n].map((cap) => ({ scope: `USD ${cap}`, cap, spentBefore: 0n, spent: 8n }))
    assert.deepStrictEqual(
      BudgetEvent.thresholdCrossings(changes, thresholds, 0).map((event) => [event.scope, event.threshold]),
      [
        ["10", 0.5],
        ["10", 0.8],
        ["10", 0.5],
        ["10", 0.8]
      ]
    )
  })
})

describe("parseScopeKey", () => {
  it("reads a scope in dollars whose name ends like one in yuan", () => {
    assert.deepStrictEqual(BudgetEvent.parseScopeKey("USD tenant:CNY "), { currency: "USD", scope: "tenant:CNY " })
  })
})
