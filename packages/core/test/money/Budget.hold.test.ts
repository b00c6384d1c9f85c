import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Layer, Logger, Option } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../src/CallOptions.ts"
import { BudgetStoreError } from "../../src/errors/MoneyErrors.ts"
import * as Budget from "../../src/money/Budget.ts"
import * as BudgetStore from "../../src/money/BudgetStore.ts"
import * as Amount from "../../src/money/internal/Amount.ts"
import { makeBudget, stateOf } from "./support/budget.ts"

const dollars = (amount: number) => ({ currency: "USD" as const, total: BigDecimal.fromNumberUnsafe(amount) })

const work = (amount: number, id = "batch"): Budget.HoldOptions => ({
  id,
  cost: Option.some(dollars(amount)),
  provider: "moonshot",
  model: "kimi-k2.6",
  lease: "25 hours"
})

const caps = [{ amount: "100", currency: "USD" }] as const

describe("Budget.hold", () => {
  it.effect("reserves an amount until it is settled by its id", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      yield* budget.hold(work(30))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+30/100"])
      yield* budget.settleHold("batch", dollars(7))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 7+0/100"])
    })
  )

  it.effect("charges once however often it is settled", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      yield* budget.hold(work(30))
      yield* budget.settleHold("batch", dollars(7))
      yield* budget.settleHold("batch", dollars(7))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 7+0/100"])
    })
  )

  it.effect("reserves an id once", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      yield* budget.hold(work(30))
      yield* budget.hold(work(30))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+30/100"])
    })
  )

  it.effect("keeps an amount longer than the leases of calls", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      yield* budget.hold(work(30))
      yield* TestClock.adjust("24 hours")
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+30/100"])
    })
  )

  it.effect("is charged in full when its lease has ended", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      yield* budget.hold(work(30))
      yield* TestClock.adjust("26 hours")
      assert.deepStrictEqual(yield* stateOf(budget), ["total 30+0/100"])
    })
  )

  it.effect("is corrected once when it is settled after its lease has ended", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      yield* budget.hold(work(30))
      yield* TestClock.adjust("26 hours")
      yield* stateOf(budget)
      yield* budget.settleHold("batch", dollars(7))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 7+0/100"])
      yield* budget.settleHold("batch", dollars(7))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 7+0/100"])
    })
  )

  it.effect("is not counted twice when it is reserved again after its lease has ended", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      yield* budget.hold(work(30))
      yield* TestClock.adjust("26 hours")
      yield* budget.hold(work(30))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 30+0/100"])
      yield* budget.settleHold("batch", dollars(7))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 7+0/100"])
    })
  )

  it.effect("refuses an amount above the cap", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      yield* budget.hold(work(71))
      const error = yield* Effect.flip(budget.hold(work(30, "another")))
      assert.deepInclude(error, { _tag: "BudgetExceededError", scope: "total", model: "kimi-k2.6" })
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+71/100"])
    })
  )

  it.effect("refuses work whose price is not known", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      const error = yield* Effect.flip(budget.hold({ ...work(1), cost: Option.none() }))
      assert.strictEqual(error._tag, "UnknownPriceError")
    })
  )

  it.effect("names the currency of a price without a cap", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [{ amount: "100", currency: "CNY" }] })
      const error = yield* Effect.flip(budget.hold(work(1)))
      assert.strictEqual(error.hint, "Set the cap in USD, the currency of the price, and not in CNY alone.")
    })
  )

  it.effect("counts in the scopes of its tags", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [{ per: ["tenant"], amount: "50", currency: "USD" }] })
      yield* budget.hold(work(30)).pipe(CallOptions.provide({ tenant: "acme" }))
      yield* budget.settleHold("batch", dollars(7))
      assert.deepStrictEqual(yield* stateOf(budget), ["tenant:acme 7+0/50"])
    })
  )

  it.effect("is refused without capacity for its scope where outages are allowed", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({
        caps: [{ per: ["tenant"], amount: "50", currency: "USD" }],
        maxScopes: 1,
        onStoreError: "allow"
      })
      yield* budget.hold(work(30)).pipe(CallOptions.provide({ tenant: "acme" }))
      const error = yield* Effect.flip(budget.hold(work(30, "b")).pipe(CallOptions.provide({ tenant: "other" })))
      assert.deepInclude(error, { _tag: "BudgetStoreError", store: "memory", operation: "reserve" })
    })
  )

  it.effect("refuses work in a currency without a cap", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      const yuan = { ...work(1), cost: Option.some({ ...dollars(1), currency: "CNY" as const }) }
      const error = yield* Effect.flip(budget.hold(yuan))
      assert.deepInclude(error, { _tag: "UnknownPriceError", provider: "moonshot", model: "kimi-k2.6" })
      assert.include(error.message, "is in CNY, in which total has no cap")
    })
  )

  it.effect("allows work without a price where unknown prices are allowed", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps], onUnknownPrice: "allow" })
      yield* budget.hold({ ...work(1), cost: Option.none() })
      yield* budget.hold({ ...work(1), cost: Option.some({ ...dollars(1), currency: "CNY" as const }) })
      assert.deepStrictEqual(yield* stateOf(budget), [])
    })
  )

  it.effect("allows work of tags without a cap, regardless of its cost", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [{ amount: "1", currency: "USD", only: { tenant: "acme" } }] })
      yield* budget.hold({ ...work(1_000), cost: Option.none() })
      yield* budget.hold(work(1_000))
      assert.deepStrictEqual(yield* stateOf(budget), [])
    })
  )

  it.effect("refuses an amount that no store counts", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [{ amount: "1000000", currency: "USD" }] })
      const total = BigDecimal.fromStringUnsafe("1e30")
      const error = yield* Effect.flip(budget.hold({ ...work(1), cost: Option.some({ ...dollars(1), total }) }))
      assert.strictEqual(error._tag, "BudgetExceededError")
      if (error._tag === "BudgetExceededError") assert.isTrue(BigDecimal.equals(error.requested, total))
    })
  )

  it.effect("reserves the largest amount that stores count", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [{ amount: "1000000", currency: "USD" }] })
      yield* budget.hold(work(1_000_000))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+1000000/1000000"])
    })
  )

  it.effect("charges the largest amount that stores count", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps: [...caps] })
      yield* budget.hold(work(30))
      yield* budget.settleHold("batch", { total: BigDecimal.fromStringUnsafe("1e30") })
      const [state] = yield* budget.state
      assert.isTrue(BigDecimal.equals(state?.spent ?? BigDecimal.fromBigInt(0n), Amount.toDecimal(Amount.maxAmount)))
    })
  )

  /** A budget whose store fails. */
  const withoutStore = (onStoreError: "refuse" | "allow") =>
    Effect.provide(
      Budget.Budget,
      Layer.provide(
        Budget.layerStore({ caps: [...caps], onStoreError }),
        Layer.succeed(BudgetStore.BudgetStore, {
          name: "broken",
          reserve: () => Effect.fail(away),
          settle: () => Effect.fail(away),
          renew: () => Effect.fail(away),
          scopeBalances: Effect.fail(away)
        })
      )
    )
  const away = new BudgetStoreError({ message: "away", store: "broken", operation: "reserve" })

  it.effect("is refused while the store is unavailable", () =>
    Effect.gen(function* () {
      const budget = yield* withoutStore("refuse")
      assert.strictEqual((yield* Effect.flip(budget.hold(work(30))))._tag, "BudgetStoreError")
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("is allowed while the store is unavailable where outages are allowed", () =>
    Effect.gen(function* () {
      const budget = yield* withoutStore("allow")
      yield* budget.hold(work(1_000))
    }).pipe(Effect.provide(Logger.layer([])))
  )
})
