import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"

describe("RetryBudget", () => {
  it.effect("starts full, charges retries and more for ambiguous ones", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make()
      assert.strictEqual(yield* budget.withdraw(false), 5)
      assert.strictEqual(yield* budget.withdraw(true), 10)
      assert.deepStrictEqual(yield* budget.state, { tokens: 485, capacity: 500 })
    })
  )

  it.effect("refuses a retry that it cannot pay whole, and takes nothing for it", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ capacity: 12, cost: 5 })
      assert.strictEqual(yield* budget.withdraw(false), 5)
      assert.strictEqual(yield* budget.withdraw(true), undefined)
      assert.strictEqual(yield* budget.withdraw(false), 5)
      assert.strictEqual(yield* budget.withdraw(false), undefined)
      assert.deepStrictEqual(yield* budget.state, { tokens: 2, capacity: 12 })
    })
  )

  it.effect("gives back what a retry took, or the reward, and never passes its capacity", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ capacity: 20 })
      yield* budget.withdraw(true)
      yield* budget.deposit(undefined)
      assert.strictEqual((yield* budget.state).tokens, 11)
      yield* budget.deposit(10)
      assert.strictEqual((yield* budget.state).tokens, 20)
    })
  )

  it.effect("is without bound when it is off", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.RetryBudget
      for (let i = 0; i < 1_000; i++) assert.isDefined(yield* budget.withdraw(true))
    }).pipe(Effect.provide(RetryBudget.layerOff))
  )

  it.effect.prop(
    "never holds less than nothing or more than its capacity, whatever is done",
    [Schema.Array(Schema.Literals(["withdraw", "ambiguous", "deposit"]))],
    ([deeds]) =>
      Effect.gen(function* () {
        const budget = yield* RetryBudget.make({ capacity: 30 })
        for (const deed of deeds) {
          if (deed === "deposit") yield* budget.deposit(undefined)
          else yield* budget.withdraw(deed === "ambiguous")
          const { tokens, capacity } = yield* budget.state
          assert.isTrue(tokens >= 0 && tokens <= capacity)
        }
      })
  )
})
