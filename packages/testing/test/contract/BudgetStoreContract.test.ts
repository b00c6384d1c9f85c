import { assert, describe, it } from "@effect/vitest"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import { Effect, Exit, Layer } from "effect"
import type * as Scope from "effect/Scope"
import * as BudgetStoreContract from "../../src/contract/BudgetStoreContract.ts"
import type { It } from "../../src/contract/TestRunner.ts"

type Change = (store: BudgetStore.BudgetStore["Service"]) => BudgetStore.BudgetStore["Service"]

/** The names of the tests that a changed store fails. */
const failuresOf = (change: Change) =>
  Effect.gen(function* () {
    const tests: Array<readonly [name: string, test: () => Effect.Effect<void, unknown, Scope.Scope>]> = []
    const register: It["effect"] = (name, test) => void tests.push([name, test])
    BudgetStoreContract.suite(
      { effect: register, live: register },
      Layer.effect(BudgetStore.BudgetStore, Effect.map(BudgetStore.makeMemory(), change))
    )
    const failed: Array<string> = []
    for (const [name, test] of tests) {
      if (Exit.isFailure(yield* Effect.exit(Effect.scoped(test())))) failed.push(name)
    }
    return failed
  })

describe("BudgetStoreContract", () => {
  describe("a correct store", () => BudgetStoreContract.suite(it, BudgetStore.layerMemory()))

  it.effect("reports a store that does not renew leases", () =>
    Effect.gen(function* () {
      const change: Change = (store) => ({ ...store, renew: (_, millis) => store.renew([], millis) })
      assert.deepStrictEqual(yield* failuresOf(change), ["keeps a hold whose lease was renewed"])
    })
  )

  it.effect("reports a store that charges the reserved amount", () =>
    Effect.gen(function* () {
      const change: Change = (store) => ({ ...store, settle: (id) => store.settle(id, 60n) })
      assert.include(yield* failuresOf(change), "charges what was used when a hold is settled")
    })
  )
})
