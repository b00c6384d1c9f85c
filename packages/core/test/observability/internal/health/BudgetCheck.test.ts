import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../../../src/CallOptions.ts"
import { BudgetStoreError } from "../../../../src/errors/MoneyErrors.ts"
import * as BudgetCheck from "../../../../src/observability/internal/health/BudgetCheck.ts"
import type { Budget, ScopeState } from "../../../../src/money/Budget.ts"
import { answer, callFor, makeBudget, stages } from "../../../money/support/budget.ts"

const check = (budget: BudgetCheck.Options["budget"]) => BudgetCheck.make({ budget, warning: 0.8 }).check

/** Spends so many dollars. */
const spend = (budget: Budget["Service"], dollars: number, tenant = "acme") =>
  CallOptions.provide({ tenant })(stages(budget).effect(() => Effect.succeed(answer(dollars)))(callFor(dollars)))

const scope = (name: string, spent: string, cap = "10", currency: "USD" | "CNY" = "USD"): ScopeState => ({
  scope: name,
  currency,
  cap: BigDecimal.fromStringUnsafe(cap),
  spent: BigDecimal.fromStringUnsafe(spent),
  reserved: BigDecimal.fromStringUnsafe("0")
})

const lookAt = (...scopes: ReadonlyArray<ScopeState>) =>
  check({ onStoreError: "refuse", state: Effect.succeed(scopes) })

describe("the check of the budget", () => {
  it.effect("warns at a part of a cap, and is unhealthy when it is used up", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [{ amount: "100", currency: "USD" }] })
      assert.strictEqual((yield* check(budget)).code, "Ok")
      yield* spend(budget, 79)
      assert.deepInclude(yield* check(budget), {
        status: "healthy",
        details: { spentFraction: 0.79, scopes: 1, exhausted: 0 }
      })
      yield* spend(budget, 1)
      assert.deepInclude(yield* check(budget), { status: "degraded", code: "Low" })
      yield* spend(budget, 20)
      assert.deepInclude(yield* check(budget), { status: "unhealthy", code: "Exhausted" })
    })
  )

  it.effect("is well again on the next day when the cap is of a day", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [{ amount: "10", currency: "USD", per: ["day"] }] })
      yield* spend(budget, 10)
      assert.strictEqual((yield* check(budget)).status, "unhealthy")
      yield* TestClock.adjust("1 day")
      assert.strictEqual((yield* check(budget)).status, "healthy")
    })
  )

  it.effect("counts tenants that have used up theirs, and names none", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({
        caps: [
          { amount: "10", currency: "USD", per: ["tenant"] },
          { amount: "100", currency: "USD" }
        ]
      })
      yield* spend(budget, 10, "acme-secret")
      const found = yield* check(budget)
      assert.deepInclude(found, { status: "healthy", details: { spentFraction: 0.1, scopes: 2, exhausted: 1 } })
      assert.notInclude(JSON.stringify(found), "acme-secret")
    })
  )

  it.effect("is degraded when only one of two currencies is used up", () =>
    Effect.gen(function* () {
      const dollars = scope("total", "10")
      assert.strictEqual((yield* lookAt(dollars, scope("total", "1", "10", "CNY"))).status, "degraded")
      assert.strictEqual((yield* lookAt(dollars, scope("total", "10", "10", "CNY"))).status, "unhealthy")
      assert.strictEqual((yield* lookAt(dollars, scope("day:1970-01-01", "1"))).status, "unhealthy")
    })
  )

  it.effect("takes a cap of nothing for used up", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* lookAt(scope("total", "0", "0"))).code, "Exhausted")
    })
  )

  it.effect("fails when the store is away, and is only degraded where calls go on without it", () =>
    Effect.gen(function* () {
      const error = new BudgetStoreError({ message: "away", store: "redis", operation: "lines" })
      const state = Effect.fail(error)
      assert.strictEqual(yield* Effect.flip(check({ onStoreError: "refuse", state })), error)
      assert.deepInclude(yield* check({ onStoreError: "allow", state }), {
        status: "degraded",
        code: "BudgetStoreError"
      })
      const budget = yield* makeBudget({ caps: [{ amount: "1", currency: "USD" }], onStoreError: "allow" })
      assert.strictEqual(budget.onStoreError, "allow")
    })
  )
})
