import { assert, describe, it } from "@effect/vitest"
import * as Budget from "@kimi-effect/core/Budget"
import { Effect, Layer, Stream } from "effect"
import * as BudgetContract from "../../src/contract/BudgetContract.ts"
import { make } from "./faulty/budget.ts"
import { makeOff } from "./faulty/budgetOff.ts"
import { failuresOf, testContract } from "./support/faults.ts"

describe("BudgetContract.suite", () => {
  testContract((it, broken) =>
    BudgetContract.suite(it, (settings) => Layer.effect(Budget.Budget, make(settings, broken)))
  )
})

const idle: Partial<Budget.Budget["Service"]> = {
  open: () => Effect.succeed({ reserve: () => Effect.succeed({ settle: () => Effect.void }) }),
  reserve: () => Effect.succeed({ settle: () => Effect.void }),
  checkPrice: () => Effect.void,
  hold: () => Effect.void,
  settleHold: () => Effect.void,
  events: Stream.empty,
  state: Effect.succeed([]),
  today: Effect.succeed({ date: "1970-01-01", dayNumber: 0 })
}

describe("a budget of which one member does nothing", () => {
  for (const [member, value] of Object.entries(idle)) {
    it.live(`fails the contract: ${member}`, () =>
      Effect.gen(function* () {
        const failed = yield* failuresOf((run) =>
          BudgetContract.suite(run, (settings) =>
            Layer.effect(
              Budget.Budget,
              Effect.map(make(settings), (budget) => ({ ...budget, [member]: value }))
            )
          )
        )
        assert.isAbove(failed.length, 0)
      })
    )
  }
})

describe("BudgetContract.suiteOff", () => {
  testContract((it, broken) =>
    BudgetContract.suiteOff(
      it,
      Layer.effect(Budget.Budget, Effect.map(Budget.Budget, makeOff(broken))).pipe(Layer.provide(Budget.layerOff))
    )
  )
})
