import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Exit, Fiber, Logger } from "effect"
import { TestClock } from "effect/testing"
import type * as AccountBalance from "../../../src/money/internal/AccountBalance.ts"
import type * as Budget from "../../../src/money/Budget.ts"
import { answer, callFor, makeBudget, stages, stateOf } from "../support/budget.ts"

const caps = [{ amount: "1000", currency: "USD" }] as const

/** A reader that returns the balance after a while, or fails. */
const makeAccount = () => {
  const account = { available: 50, fails: false, asked: 0 }
  const read: AccountBalance.Reader = Effect.suspend(() => {
    account.asked += 1
    const { available, fails } = account
    return Effect.delay(fails ? Effect.fail("away") : Effect.succeed({ available_balance: available }), "1 second")
  })
  return { account, read }
}

/** Makes a call and advances the clock by the time of a read. */
const asking = (budget: Parameters<typeof stages>[0]) => {
  const ask = stages(budget).effect(() => Effect.succeed(answer(1)))
  return (call = callFor(10)) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.exit(ask(call)))
      yield* TestClock.adjust("1 second")
      return yield* Fiber.join(fiber)
    })
}

describe("AccountBalance", () => {
  it.effect("refuses a call above the balance before anything is reserved", () =>
    Effect.gen(function* () {
      const { account, read } = makeAccount()
      const budget = yield* makeBudget({ caps, balance: { read, currency: "USD" } })
      const exit = yield* Effect.map(asking(budget)(callFor(51)), Exit.findErrorOption)
      const error = exit._tag === "Some" ? exit.value : undefined
      assert.strictEqual(error?._tag, "BudgetExceededError")
      if (error?._tag === "BudgetExceededError") {
        assert.deepStrictEqual([error.scope, BigDecimal.format(error.cap)], ["balance", "50"])
      }
      assert.deepStrictEqual(yield* stateOf(budget), [])
      assert.isTrue(Exit.isSuccess(yield* asking(budget)(callFor(50))))
      assert.strictEqual(account.asked, 1)
    })
  )

  it.effect("is read once by concurrent calls", () =>
    Effect.gen(function* () {
      const { account, read } = makeAccount()
      const budget = yield* makeBudget({ caps, balance: { read, currency: "USD", timeToLive: "1 minute" } })
      const ask = stages(budget).effect(() => Effect.succeed(answer(1)))
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.forkChild(ask(callFor(10))))
      yield* Effect.yieldNow
      // An interrupted call does not affect the others.
      for (const fiber of fibers.slice(0, 1)) yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 second")
      for (const fiber of fibers.slice(1)) assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.strictEqual(account.asked, 1)
    })
  )

  it.effect("is read again after it expires", () =>
    Effect.gen(function* () {
      const { account, read } = makeAccount()
      const budget = yield* makeBudget({ caps, balance: { read, currency: "USD", timeToLive: "1 minute" } })
      assert.isTrue(Exit.isSuccess(yield* asking(budget)()))
      account.available = 5
      yield* TestClock.adjust("59 seconds")
      assert.isTrue(Exit.isSuccess(yield* asking(budget)()))
      assert.strictEqual(account.asked, 1)
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Exit.isFailure(yield* asking(budget)()))
      assert.strictEqual(account.asked, 2)
    })
  )

  it.effect("allows calls while it is not known, unless configured otherwise", () =>
    Effect.gen(function* () {
      const { account, read } = makeAccount()
      account.fails = true
      const lax = yield* makeBudget({ caps, balance: { read, currency: "USD" } })
      assert.isTrue(Exit.isSuccess(yield* asking(lax)()))
      // Not every call waits for a failing reader.
      assert.isTrue(Exit.isSuccess(yield* asking(lax)()))
      assert.strictEqual(account.asked, 1)
      const strict = yield* makeBudget({ caps, balance: { read, currency: "USD", onError: "refuse" } })
      const error = yield* Effect.map(asking(strict)(), Exit.findErrorOption)
      assert.strictEqual(error._tag === "Some" ? error.value._tag : "none", "BudgetStoreError")
      assert.deepStrictEqual(yield* stateOf(strict), [])
    })
  )

  it.effect("is read again after all waiting callers were interrupted", () =>
    Effect.gen(function* () {
      const { account, read } = makeAccount()
      const budget = yield* makeBudget({ caps, balance: { read } })
      const ask = stages(budget).effect(() => Effect.succeed(answer(1)))
      const fiber = yield* Effect.forkChild(ask(callFor(10)))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* stateOf(budget), [])
      assert.isTrue(Exit.isSuccess(yield* asking(budget)()))
      assert.strictEqual(account.asked, 2)
    })
  )

  it.effect("is checked if no cap applies, or if there is none", () =>
    Effect.gen(function* () {
      const { read } = makeAccount()
      const uncapped = yield* makeBudget({ caps: [], balance: { read } })
      assert.isTrue(Exit.isSuccess(yield* asking(uncapped)()))
      assert.isTrue(Exit.isFailure(yield* asking(uncapped)(callFor(51))))
      // The cost of a call without a price is not known, so the check does not refuse it.
      assert.isTrue(Exit.isSuccess(yield* asking(uncapped)(callFor(51, { model: "strange" }))))
      const acmes = yield* makeBudget({ caps: [{ ...caps[0], only: { tenant: "acme" } }], balance: { read } })
      assert.isTrue(Exit.isFailure(yield* asking(acmes)(callFor(51))))
    })
  )

  it.effect("is read by the client of the call by default", () =>
    Effect.gen(function* () {
      const first = makeAccount()
      const second = makeAccount()
      second.account.available = 5
      const given = makeAccount()
      const ask = (budget: Budget.Budget["Service"], read?: AccountBalance.Reader, call = callFor(10)) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(Effect.exit(Effect.scoped(budget.open(call, read))))
          yield* TestClock.adjust("1 second")
          return Exit.isSuccess(yield* Fiber.join(fiber))
        })
      const clients = yield* makeBudget({ caps, balance: {} })
      // Two accounts of one name are two accounts.
      for (let i = 0; i < 2; i += 1) {
        assert.isTrue(yield* ask(clients, first.read))
        assert.isFalse(yield* ask(clients, second.read))
      }
      assert.deepStrictEqual([first.account.asked, second.account.asked], [1, 1])
      const own = yield* makeBudget({ caps, balance: { read: given.read } })
      assert.isTrue(yield* ask(own, second.read))
      assert.deepStrictEqual([given.account.asked, second.account.asked], [1, 1])
      // The client of the call has no reader.
      assert.isTrue(yield* ask(clients))
      assert.isFalse(yield* ask(yield* makeBudget({ caps, balance: { onError: "refuse" } })))
    })
  )

  it.effect("is compared in the currency of the call", () =>
    Effect.gen(function* () {
      const { read } = makeAccount()
      const both = [...caps, { amount: "1000", currency: "CNY" as const }]
      const budget = yield* makeBudget({ caps: both, balance: { read } })
      assert.isTrue(Exit.isSuccess(yield* asking(budget)(callFor(50, { model: "yuan" }))))
      const error = yield* Effect.map(asking(budget)(callFor(51, { model: "yuan" })), Exit.findErrorOption)
      assert.strictEqual(
        error._tag === "Some" && error.value._tag === "BudgetExceededError" ? error.value.currency : undefined,
        "CNY"
      )
    })
  )

  it.effect("is read within the timeout", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps, balance: { read: Effect.never, currency: "USD", timeout: "1 second" } })
      assert.isTrue(Exit.isSuccess(yield* asking(budget)()))
    })
  )

  it.effect("does not apply to calls in another currency or of another account", () =>
    Effect.gen(function* () {
      const { account, read } = makeAccount()
      account.available = 0
      const other = yield* makeBudget({ caps, balance: { read, currency: "CNY" } })
      assert.isTrue(Exit.isSuccess(yield* asking(other)()))
      const second = yield* makeBudget({ caps, balance: { read, currency: "USD", account: "second" } })
      assert.isTrue(Exit.isSuccess(yield* asking(second)()))
      assert.isTrue(Exit.isFailure(yield* asking(second)({ ...callFor(10), account: "second" })))
      assert.strictEqual(account.asked, 1)
    })
  )

  it.effect("explains a refusal", () =>
    Effect.gen(function* () {
      const { read } = makeAccount()
      const budget = yield* makeBudget({ caps, balance: { read } })
      const exit = yield* asking(budget)(callFor(51))
      const error = yield* Effect.flip(exit)
      assert.deepInclude(error, {
        _tag: "BudgetExceededError",
        message: "The account's balance is lower than the worst-case cost of the call"
      })
      if (error._tag !== "BudgetExceededError") return
      const { cap, requested, reserved, spent } = error
      assert.deepStrictEqual([cap, spent, reserved, requested].map(BigDecimal.format), ["50", "0", "0", "51"])
    })
  )

  it.effect("explains that it is not known", () =>
    Effect.gen(function* () {
      const budget = yield* makeBudget({ caps, balance: { onError: "refuse" } })
      const exit = yield* asking(budget)()
      assert.deepInclude(yield* Effect.flip(exit), {
        _tag: "BudgetStoreError",
        store: "account",
        operation: "balance",
        message: "The account's balance is not known, so the call was not sent"
      })
    })
  )

  it.effect("is logged when it is not known", () =>
    Effect.gen(function* () {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ message }) => void logged.push(message))
      const { account, read } = makeAccount()
      account.fails = true
      const budget = yield* makeBudget({ caps, balance: { read } })
      yield* Effect.provide(asking(budget)(), Logger.layer([logger]))
      assert.include(logged.flat().map(String).join(), "The account's balance is not known")
    })
  )
})
