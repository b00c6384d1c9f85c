import { describe } from "@effect/vitest"
import * as Budget from "@kimi-effect/core/Budget"
import { Effect, Layer } from "effect"
import * as BudgetContract from "../../src/contract/BudgetContract.ts"
import { make } from "./faulty/budget.ts"
import { makeOff } from "./faulty/budgetOff.ts"
import { testContract } from "./support/faults.ts"

describe("BudgetContract.suite", () => {
  testContract((it, broken) =>
    BudgetContract.suite(it, (settings) => Layer.effect(Budget.Budget, make(settings, broken)))
  )
})

describe("BudgetContract.suiteOff", () => {
  testContract((it, broken) =>
    BudgetContract.suiteOff(
      it,
      Layer.effect(Budget.Budget, Effect.map(Budget.Budget, makeOff(broken))).pipe(Layer.provide(Budget.layerOff))
    )
  )
})
