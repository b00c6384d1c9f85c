import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as KimiConfig from "../../src/KimiConfig.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"

describe("RetryBudget", () => {
  it.effect("charges more for ambiguous retries", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make()
      assert.strictEqual(yield* budget.withdraw(false), 5)
      assert.strictEqual(yield* budget.withdraw(true), 10)
      assert.deepStrictEqual(yield* budget.state, { tokens: 485, capacity: 500 })
    })
  )

  it.effect("takes no tokens for a refused retry", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ capacity: 12, cost: 5 })
      assert.strictEqual(yield* budget.withdraw(false), 5)
      assert.strictEqual(yield* budget.withdraw(true), undefined)
      assert.strictEqual(yield* budget.withdraw(false), 5)
      assert.strictEqual(yield* budget.withdraw(false), undefined)
      assert.deepStrictEqual(yield* budget.state, { tokens: 2, capacity: 12 })
    })
  )

  it.effect("adds the reward of a call without retries", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ capacity: 20 })
      yield* budget.withdraw(true)
      yield* budget.deposit(undefined)
      assert.strictEqual((yield* budget.state).tokens, 11)
    })
  )

  it.effect("never exceeds its capacity", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.make({ capacity: 20 })
      yield* budget.withdraw(true)
      yield* budget.deposit(undefined)
      yield* budget.deposit(10)
      assert.strictEqual((yield* budget.state).tokens, 20)
    })
  )

  it.effect("has no bound if it is off", () =>
    Effect.gen(function* () {
      const budget = yield* RetryBudget.RetryBudget
      for (let i = 0; i < 1_000; i++) assert.isDefined(yield* budget.withdraw(true))
    }).pipe(Effect.provide(RetryBudget.layerOff))
  )

  it.effect.prop(
    "has from zero tokens up to its capacity after any operations",
    [Schema.Array(Schema.Literals(["withdraw", "ambiguous", "deposit"]))],
    ([operations]) =>
      Effect.gen(function* () {
        const budget = yield* RetryBudget.make({ capacity: 30 })
        for (const operation of operations) {
          if (operation === "deposit") yield* budget.deposit(undefined)
          else yield* budget.withdraw(operation === "ambiguous")
          const { tokens, capacity } = yield* budget.state
          assert.isTrue(tokens >= 0 && tokens <= capacity)
        }
      })
  )
})

describe("The options of a retry budget", () => {
  it("are those of a configuration", () => {
    const config = {
      ...KimiConfig.defaults,
      retryBudgetCapacity: 50,
      retryBudgetCost: 2,
      retryBudgetAmbiguousCost: 3,
      retryBudgetReward: 4
    }
    assert.deepStrictEqual(RetryBudget.optionsFromConfig(config), {
      capacity: 50,
      cost: 2,
      ambiguousCost: 3,
      reward: 4
    })
  })

  it.effect("are described", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* RetryBudget.make()).options, "500 tokens, 5 a retry or 10")
    })
  )

  it.effect("may be zero for the capacity, the reward", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* (yield* RetryBudget.make({ capacity: 0, reward: 0 })).state, {
        tokens: 0,
        capacity: 0
      })
    })
  )

  it.effect("are refused with their expected forms", () =>
    Effect.gen(function* () {
      const below = { capacity: -1, cost: 0, ambiguousCost: 0, reward: -1 }
      const error = yield* Effect.flip(RetryBudget.make(below))
      const zeroOrMore = "a finite number that is not negative"
      const overZero = "a finite number over zero"
      assert.deepStrictEqual(error.issues, [
        { name: "RetryBudget capacity", expected: zeroOrMore },
        { name: "RetryBudget cost", expected: overZero },
        { name: "RetryBudget ambiguousCost", expected: overZero },
        { name: "RetryBudget reward", expected: zeroOrMore }
      ])
    })
  )

  it.effect("are refused if they are not finite", () =>
    Effect.gen(function* () {
      for (const number of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const all = { capacity: number, cost: number, ambiguousCost: number, reward: number }
        assert.strictEqual((yield* Effect.flip(RetryBudget.make(all))).issues.length, 4)
      }
    })
  )
})
