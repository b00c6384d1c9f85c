import { describe } from "@effect/vitest"
import { BudgetStore } from "@kimi-effect/core/BudgetStore"
import { Layer } from "effect"
import * as BudgetStoreContract from "../../src/contract/BudgetStoreContract.ts"
import { make } from "./faulty/budgetStore.ts"
import { namesOf, testContract } from "./support/faults.ts"
import type { It } from "../../src/contract/TestRunner.ts"

const suite = (it: It, broken?: string): void => BudgetStoreContract.suite(it, Layer.effect(BudgetStore, make(broken)))

/** The boundaries of periods are examples of one law. */
const periods = namesOf(suite).filter((name) => name.startsWith("counts every "))
const zones = "counts calls of different zones in the period of the same date"

describe("BudgetStoreContract", () => {
  testContract(
    suite,
    Object.fromEntries(periods.map((law) => [law, [...periods.filter((other) => other !== law), zones]]))
  )
})
