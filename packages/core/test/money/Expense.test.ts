import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Context, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../src/CallOptions.ts"
import * as Accounting from "../../src/money/Accounting.ts"
import * as Budget from "../../src/money/Budget.ts"
import * as Expense from "../../src/money/Expense.ts"
import { callFor, makeBudget, stateOf } from "./support/budget.ts"

const search: Expense.Expense = { tool: "search", provider: "host", cost: Expense.dollars("10") }

const amount = (costs: Accounting.AmountsByCurrency) => BigDecimal.format(costs.get("USD") ?? BigDecimal.fromBigInt(0n))

class OutOfPaper {
  readonly _tag = "OutOfPaper"
}

/** A budget of 100 dollars and usage records, with what runs in their context. */
const withMoney = Effect.fnUntraced(function* (options: Partial<Parameters<typeof Budget.layer>[0]> = {}) {
  const budget = yield* makeBudget({ caps: [{ amount: "100", currency: "USD" }], ...options })
  const accounting = yield* Accounting.make
  const context = Context.make(Budget.Budget, budget).pipe(Context.add(Accounting.Accounting, accounting))
  return {
    budget,
    run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideContext(effect, context),
    state: stateOf(budget),
    entries: Effect.map(accounting.entries, (all) =>
      all.map(({ agent, attempts, cost, model, outcome, tool }) => [
        tool,
        model,
        outcome,
        agent,
        attempts,
        cost._tag === "Some" ? BigDecimal.format(cost.value.total) : undefined
      ])
    ),
    total: Effect.map(accounting.entries, Accounting.total)
  }
})

describe("Expense.charge", () => {
  it.effect("reserves the cost while the effect runs", () =>
    Effect.gen(function* () {
      const { run, state } = yield* withMoney()
      const inside = yield* run(Expense.charge(search)(state))
      assert.deepStrictEqual([inside, yield* state], [["total 0+10/100"], ["total 10+0/100"]])
    })
  )

  it.effect("records the cost under the name of the tool", () =>
    Effect.gen(function* () {
      const { entries, run, total } = yield* withMoney()
      const twice = Effect.repeat(Expense.charge(search)(Effect.void), { times: 1 })
      yield* run(CallOptions.provide({ agent: "scout" })(twice))
      assert.deepStrictEqual(yield* entries, [["search", "", "succeeded", "scout", 2, "20"]])
      const { attempts, costs, unpriced } = yield* total
      assert.deepStrictEqual([attempts, unpriced, amount(costs)], [0, 0, "20"])
    })
  )

  it.effect("refuses a cost that exceeds the cap, without running the effect", () =>
    Effect.gen(function* () {
      const { entries, run, state } = yield* withMoney({ caps: [{ amount: "9", currency: "USD" }] })
      const error = yield* run(Effect.flip(Expense.charge(search)(Effect.die("it ran"))))
      assert(error._tag === "BudgetExceededError")
      assert.match(error.message, /^The cost of the tool search, \$10, exceeds .* it was not run\. Raise the cap$/)
      assert.deepStrictEqual([yield* entries, yield* state], [[], []])
    })
  )

  it.effect("counts under the caps together with calls of a model", () =>
    Effect.gen(function* () {
      const { budget, run } = yield* withMoney()
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* budget.open(callFor(95))
          const error = yield* run(Effect.flip(Expense.charge(search)(Effect.void)))
          assert.strictEqual(error._tag, "BudgetExceededError")
        })
      )
    })
  )

  it.effect("is free for an effect that fails", () =>
    Effect.gen(function* () {
      const { entries, run, state } = yield* withMoney()
      yield* run(Effect.exit(Expense.charge(search)(Effect.fail(new OutOfPaper()))))
      assert.deepStrictEqual([yield* entries, yield* state], [[], ["total 0+0/100"]])
    })
  )

  it.effect("charges for an error that is billed", () =>
    Effect.gen(function* () {
      const { entries, run, state } = yield* withMoney()
      const isBilled = ({ _tag }: OutOfPaper) => _tag === "OutOfPaper"
      yield* run(Effect.exit(Expense.charge(search, { isBilled })(Effect.fail(new OutOfPaper()))))
      assert.deepStrictEqual(
        [yield* entries, yield* state],
        [[["search", "", "failed", "", 1, "10"]], ["total 10+0/100"]]
      )
    })
  )

  it.effect("charges for a defect", () =>
    Effect.gen(function* () {
      const { run, state } = yield* withMoney()
      yield* run(Effect.exit(Expense.charge(search)(Effect.die("a bug"))))
      assert.deepStrictEqual(yield* state, ["total 10+0/100"])
    })
  )

  it.effect("charges for an effect that is interrupted", () =>
    Effect.gen(function* () {
      const { entries, run, state } = yield* withMoney()
      const fiber = yield* Effect.forkChild(run(Expense.charge(search)(Effect.never)), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(
        [yield* entries, yield* state],
        [[["search", "", "abandoned", "", 1, "10"]], ["total 10+0/100"]]
      )
    })
  )

  it.effect("is free for an effect that was interrupted before it began", () =>
    Effect.gen(function* () {
      const { budget, entries, run, state } = yield* withMoney()
      const slow = {
        ...budget,
        reserve: (expense: Expense.Expense) =>
          Effect.andThen(Effect.uninterruptible(Effect.sleep("1 second")), budget.reserve(expense))
      }
      let hasRun = false
      const effect = Effect.sync(() => void (hasRun = true))
      const charged = run(Effect.provideService(Expense.charge(search)(effect), Budget.Budget, slow))
      const fiber = yield* Effect.forkChild(charged, { startImmediately: true })
      const ended = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(ended)
      assert.deepStrictEqual([hasRun, yield* entries, yield* state], [false, [], ["total 0+0/100"]])
    })
  )

  it("refuses an amount below zero, which would raise the cap", () => {
    for (const amount of ["-1", -0.01, Number.NaN, "many"]) {
      assert.throws(() => Expense.dollars(amount), RangeError, "an amount of at least zero")
    }
  })

  it.effect("does not run an effect whose cost is below zero", () =>
    Effect.gen(function* () {
      const { run, state } = yield* withMoney()
      let hasRun = false
      const cost = { currency: "USD" as const, total: BigDecimal.fromStringUnsafe("-50") }
      const exit = yield* run(
        Effect.exit(Expense.charge({ tool: "refund", cost })(Effect.sync(() => void (hasRun = true))))
      )
      assert.deepStrictEqual([exit._tag, hasRun, yield* state], ["Failure", false, []])
    })
  )

  it.effect("does not close what the effect opens in the scope of its caller", () =>
    Effect.gen(function* () {
      const { run } = yield* withMoney()
      let isOpen = false
      const open = Effect.acquireRelease(
        Effect.sync(() => void (isOpen = true)),
        () => Effect.sync(() => void (isOpen = false))
      )
      yield* run(
        Effect.scoped(
          Effect.andThen(
            Expense.charge(search)(open),
            Effect.sync(() => assert.isTrue(isOpen))
          )
        )
      )
      assert.isFalse(isOpen)
    })
  )

  it.effect("waits for running calls to settle, up to the longest wait", () =>
    Effect.gen(function* () {
      const { budget, run, state } = yield* withMoney({ maxWait: "1 minute" })
      yield* Effect.forkChild(Effect.scoped(Effect.andThen(budget.open(callFor(95)), Effect.sleep("10 seconds"))), {
        startImmediately: true
      })
      const fiber = yield* Effect.forkChild(run(Expense.charge(search)(Effect.void)))
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* state, ["total 10+0/100"])
    })
  )

  it.effect("is refused in a currency without a cap", () =>
    Effect.gen(function* () {
      const { run } = yield* withMoney({ caps: [{ amount: "100", currency: "CNY" }] })
      const error = yield* run(Effect.flip(Expense.charge(search)(Effect.void)))
      assert.strictEqual(error._tag, "UnknownPriceError")
      assert.strictEqual(error.hint, "Set the cap in USD, the currency of the price, and not in CNY alone.")
    })
  )

  it.effect("counts nothing without a budget", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Expense.charge(search)(Effect.succeed(1)), 1)
      assert.strictEqual(
        yield* Effect.provide(Expense.charge(search)(Effect.succeed(2)), Layer.fresh(Budget.layerOff)),
        2
      )
    })
  )
})

describe("the usage records", () => {
  it.effect("keep the costs of tools apart from those of models when entries are merged", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.makeWith({ maxEntries: 1 })
      for (const tool of ["a", "b", "c"]) {
        yield* Effect.provideService(
          Expense.charge({ ...search, tool })(Effect.void),
          Accounting.Accounting,
          accounting
        )
      }
      const entries = yield* accounting.entries
      assert.deepStrictEqual(
        entries.map(({ attempts, tool }) => [tool, attempts]),
        [
          ["", 2],
          ["c", 1]
        ]
      )
      const { attempts, costs } = Accounting.total(entries)
      assert.deepStrictEqual([attempts, amount(costs)], [0, "30"])
    })
  )
})

describe("a budget for expenses", () => {
  const yuan = { ...search, cost: { currency: "CNY" as const, total: BigDecimal.fromBigInt(5n) } }

  it.effect("refuses a currency without a cap", () =>
    Effect.gen(function* () {
      const { run } = yield* withMoney()
      const error = yield* run(Effect.flip(Expense.charge(yuan)(Effect.die("it ran"))))
      assert.deepInclude(error, { _tag: "UnknownPriceError", provider: "host" })
      assert.include(error.message, "The price of the tool search is in CNY, in which total has no cap; it was not run")
    })
  )

  it.effect("refuses a currency without a cap for a tool of no host", () =>
    Effect.gen(function* () {
      const { run } = yield* withMoney()
      const { provider: _, ...nowhere } = yuan
      const error = yield* run(Effect.flip(Expense.charge(nowhere)(Effect.die("it ran"))))
      assert.strictEqual(error._tag, "UnknownPriceError")
      assert.notProperty(error, "provider")
    })
  )

  it.effect("allows a currency without a cap where unknown prices are allowed", () =>
    Effect.gen(function* () {
      const { entries, run, state } = yield* withMoney({ onUnknownPrice: "allow" })
      yield* run(Expense.charge(yuan)(Effect.void))
      assert.deepStrictEqual([yield* entries, yield* state], [[["search", "", "succeeded", "", 1, "5"]], []])
    })
  )

  it.effect("allows what tags without a cap cost", () =>
    Effect.gen(function* () {
      const { run, state } = yield* withMoney({ caps: [{ amount: "1", currency: "USD", only: { tenant: "acme" } }] })
      yield* run(Expense.charge(search)(Effect.void))
      assert.deepStrictEqual(yield* state, [])
    })
  )

  it.effect("refuses an amount that no store counts", () =>
    Effect.gen(function* () {
      const { run } = yield* withMoney({ caps: [{ amount: "1000000", currency: "USD" }] })
      const cost = { currency: "USD" as const, total: BigDecimal.fromStringUnsafe("1e30") }
      const error = yield* run(Effect.flip(Expense.charge({ ...search, cost })(Effect.die("it ran"))))
      assert.strictEqual(error._tag, "BudgetExceededError")
    })
  )

  it.effect("reserves the largest amount that stores count", () =>
    Effect.gen(function* () {
      const { run, state } = yield* withMoney({ caps: [{ amount: "1000000", currency: "USD" }] })
      yield* run(Expense.charge({ ...search, cost: Expense.dollars("1000000") })(Effect.void))
      assert.deepStrictEqual(yield* state, ["total 1000000+0/1000000"])
    })
  )

  it.effect("records a tool of no host under an empty name", () =>
    Effect.gen(function* () {
      const { run } = yield* withMoney()
      const accounting = yield* Accounting.make
      const { provider: _, ...nowhere } = search
      yield* run(Accounting.recordTo(accounting)(Expense.charge(nowhere)(Effect.void)))
      const [entry] = yield* accounting.entries
      assert.deepInclude(entry, { account: "", provider: "", isEstimate: false })
    })
  )

  it("accepts an amount of zero", () => {
    assert.strictEqual(BigDecimal.format(Expense.dollars(0).total), "0")
  })

  it.each(["much", -1, "-0.01", Number.NaN])("refuses the amount %s", (amount) => {
    assert.throws(() => Expense.dollars(amount), RangeError, "at least zero")
  })
})
