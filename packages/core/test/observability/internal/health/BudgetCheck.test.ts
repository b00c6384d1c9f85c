import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Clock, DateTime, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../../../src/CallOptions.ts"
import { BudgetStoreError } from "../../../../src/errors/MoneyErrors.ts"
import * as Day from "../../../../src/internal/Day.ts"
import * as BudgetCheck from "../../../../src/observability/internal/health/BudgetCheck.ts"
import type { Budget, ScopeState } from "../../../../src/money/Budget.ts"
import { answer, callFor, makeBudget, stages } from "../../../money/support/budget.ts"

const check = (budget: BudgetCheck.Options["budget"]) => BudgetCheck.make({ budget, warning: 0.8 }).check

/** Spends dollars with one call. */
const spend = (budget: Budget["Service"], dollars: number, tenant = "acme") =>
  CallOptions.provide({ tenant })(stages(budget).effect(() => Effect.succeed(answer(dollars)))(callFor(dollars)))

const scope = (name: string, spent: string, cap = "10", currency: "USD" | "CNY" = "USD"): ScopeState => ({
  scope: name,
  currency,
  cap: BigDecimal.fromStringUnsafe(cap),
  spent: BigDecimal.fromStringUnsafe(spent),
  reserved: BigDecimal.fromStringUnsafe("0")
})

const today = Effect.map(Clock.currentTimeMillis, Day.calendarOf(DateTime.zoneMakeOffset(0)))

const checkOf = (...scopes: ReadonlyArray<ScopeState>) =>
  check({ onStoreError: "refuse", state: Effect.succeed(scopes), today })

describe("the budget check", () => {
  it.effect("is degraded when the warning fraction of a cap is spent", () =>
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
    })
  )

  it.effect("is unhealthy when the cap is exhausted", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [{ amount: "100", currency: "USD" }] })
      yield* spend(budget, 100)
      assert.deepInclude(yield* check(budget), { status: "unhealthy", code: "Exhausted" })
    })
  )

  it.effect("is healthy again on the next day with a daily cap", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [{ amount: "10", currency: "USD", per: ["day"] }] })
      yield* spend(budget, 10)
      assert.strictEqual((yield* check(budget)).status, "unhealthy")
      yield* TestClock.adjust("1 day")
      assert.strictEqual((yield* check(budget)).status, "healthy")
    })
  )

  it.effect("counts exhausted caps of tenants without their names", () =>
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

  it.effect("is degraded if only one of two currencies is exhausted", () =>
    Effect.gen(function* () {
      const dollars = scope("total", "10")
      assert.strictEqual((yield* checkOf(dollars, scope("total", "1", "10", "CNY"))).status, "degraded")
      assert.strictEqual((yield* checkOf(dollars, scope("total", "10", "10", "CNY"))).status, "unhealthy")
      assert.strictEqual((yield* checkOf(dollars, scope("day:1970-01-01", "1"))).status, "unhealthy")
    })
  )

  it.effect("treats a cap of zero as exhausted", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* checkOf(scope("total", "0", "0"))).code, "Exhausted")
    })
  )

  const unavailable = new BudgetStoreError({ message: "unavailable", store: "redis", operation: "balances" })

  it.effect("fails if the store is unavailable", () =>
    Effect.gen(function* () {
      const state = Effect.fail(unavailable)
      assert.strictEqual(yield* Effect.flip(check({ onStoreError: "refuse", state, today })), unavailable)
    })
  )

  it.effect("is degraded without a store that calls may do without", () =>
    Effect.gen(function* () {
      const state = Effect.fail(unavailable)
      assert.deepInclude(yield* check({ onStoreError: "allow", state, today }), {
        status: "degraded",
        code: "BudgetStoreError"
      })
      const budget = yield* makeBudget({ caps: [{ amount: "1", currency: "USD" }], onStoreError: "allow" })
      assert.strictEqual(budget.onStoreError, "allow")
    })
  )
})
