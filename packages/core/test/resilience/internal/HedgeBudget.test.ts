import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as HedgeBudget from "../../../src/resilience/internal/HedgeBudget.ts"

describe("HedgeBudget", () => {
  it("starts full, with capacity for ten hedges", () => {
    const budget = HedgeBudget.make()
    for (let tokens = 10; tokens > 0; tokens--) {
      assert.strictEqual(budget.tokens(), tokens)
      assert.isTrue(budget.withdraw())
    }
    assert.isFalse(budget.withdraw())
    assert.strictEqual(budget.tokens(), 0)
  })

  it("allows one hedge after exactly every twentieth call", () => {
    const budget = HedgeBudget.make()
    while (budget.withdraw());
    for (let call = 1; call <= 2_000; call++) {
      budget.deposit()
      assert.strictEqual(budget.withdraw(), call % 20 === 0, `call ${call}`)
    }
  })

  it("never exceeds its capacity", () => {
    const budget = HedgeBudget.make({ ratio: 0.4, capacity: 1.5 })
    assert.isTrue(budget.withdraw())
    assert.strictEqual(budget.tokens(), 0.5)
    for (const tokens of [0.9, 1.3, 1.5, 1.5]) {
      budget.deposit()
      assert.strictEqual(budget.tokens(), tokens)
    }
  })

  it.effect.prop(
    "allows at most its capacity plus its ratio of any number of calls",
    [Schema.Array(Schema.Boolean), Schema.Literals([0, 0.05, 0.1, 0.3, 1])],
    ([deeds, ratio]) =>
      Effect.sync(() => {
        const budget = HedgeBudget.make({ ratio, capacity: 2 })
        let calls = 0
        let hedges = 0
        for (const isCall of deeds) {
          if (isCall) {
            calls++
            budget.deposit()
          } else if (budget.withdraw()) hedges++
          assert.isAtMost(hedges, Math.round((2 + ratio * calls) * 1e6) / 1e6)
        }
      })
  )
})
