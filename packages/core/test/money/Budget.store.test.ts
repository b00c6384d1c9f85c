import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Context, Effect, Exit, Fiber, Layer, Logger, Option, Stream } from "effect"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../src/CallOptions.ts"
import type { BudgetStoreError } from "../../src/errors/MoneyErrors.ts"
import * as Budget from "../../src/money/Budget.ts"
import * as BudgetStore from "../../src/money/BudgetStore.ts"
import { answer, callFor, events, prices, stages, stateOf } from "./support/budget.ts"

const total = { amount: "100", currency: "USD" } as const

type Store = BudgetStore.BudgetStore["Service"]

/** A store that replies, fails, or never replies, before or after it has executed an operation. */
const makeStore = Effect.map(BudgetStore.makeMemory(), (memory) => {
  const state: { mode: "works" | "fails" | "silent" | "does and is silent"; asked: Array<string> } = {
    mode: "works",
    asked: []
  }
  const faulty =
    (operation: string) =>
    <A>(effect: Effect.Effect<A, BudgetStoreError>) =>
      Effect.suspend(() => {
        state.asked.push(operation)
        switch (state.mode) {
          case "works":
            return effect
          case "fails":
            return Effect.fail(BudgetStore.storeError("faulty", operation, "it is broken"))
          case "silent":
            return Effect.never
          case "does and is silent":
            return Effect.andThen(effect, Effect.never)
        }
      })
  const store: Store = {
    name: "faulty",
    reserve: (hold, lease) => faulty("reserve")(memory.reserve(hold, lease)),
    settle: (id, used) => faulty("settle")(memory.settle(id, used)),
    renew: (ids, lease) => faulty("renew")(memory.renew(ids, lease)),
    scopeBalances: faulty("read")(memory.scopeBalances)
  }
  return { memory, state, store }
})

const makeBudget = (
  store: Store,
  options: Partial<Budget.Options> = {}
): Effect.Effect<Budget.Budget["Service"], never, Scope.Scope> =>
  Effect.map(
    Effect.orDie(
      Layer.build(
        Budget.layerStore({ caps: [total], lease: "30 seconds", ...options }).pipe(
          Layer.provide(Layer.merge(prices, Layer.succeed(BudgetStore.BudgetStore, store))),
          Layer.provideMerge(Logger.layer([]))
        )
      )
    ),
    (services) => Context.get(services, Budget.Budget)
  )

const linesOf = (store: Store) =>
  Effect.map(Effect.orDie(store.scopeBalances), (lines) =>
    lines.map(({ reserved, spent }) => `${spent / 10n ** 12n}+${reserved / 10n ** 12n}`)
  )

describe("Budget on a store that fails", () => {
  it.effect("refuses calls within the timeout of the store", () =>
    Effect.gen(function* () {
      const { state, store } = yield* makeStore
      const budget = yield* makeBudget(store)
      const ask = stages(budget).effect(() => Effect.succeed(answer(7)))
      state.mode = "fails"
      const error = yield* Effect.flip(ask(callFor(10)))
      assert.deepStrictEqual(error._tag === "BudgetStoreError" ? [error.store, error.operation] : error._tag, [
        "faulty",
        "reserve"
      ])
      state.mode = "silent"
      yield* TestClock.adjust("1 second")
      const fiber = yield* Effect.forkChild(Effect.exit(ask(callFor(10))))
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
      // It is not used for a moment, and then works again.
      state.mode = "works"
      assert.isTrue(Exit.isFailure(yield* Effect.exit(ask(callFor(10)))))
      yield* TestClock.adjust("250 millis")
      yield* ask(callFor(10))
      assert.deepStrictEqual(yield* stateOf(budget), ["total 7+0/100"])
    })
  )

  it.effect("makes uncounted calls if that is allowed", () =>
    Effect.gen(function* () {
      const { memory, state, store } = yield* makeStore
      const budget = yield* makeBudget(store, { onStoreError: "allow" })
      const ask = stages(budget).effect(() => Effect.succeed(answer(7)))
      yield* ask(callFor(10))
      state.mode = "fails"
      yield* ask(callFor(1_000))
      assert.deepStrictEqual(yield* linesOf(memory), ["7+0"])
      // Caps apply again when the store is available.
      state.mode = "works"
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(ask(callFor(94))))._tag, "BudgetExceededError")
    })
  )

  it.effect("releases a reservation whose reply was lost", () =>
    Effect.gen(function* () {
      const { memory, state, store } = yield* makeStore
      const budget = yield* makeBudget(store)
      const ask = stages(budget).effect(() => Effect.succeed(answer(7)))
      state.mode = "does and is silent"
      const fiber = yield* Effect.forkChild(Effect.exit(ask(callFor(60))))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
      assert.deepStrictEqual(yield* linesOf(memory), ["0+60"])
      state.mode = "works"
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* linesOf(memory), ["0+0"])
    })
  )

  it.effect("retries a settlement until the store acknowledges it", () =>
    Effect.gen(function* () {
      const { memory, state, store } = yield* makeStore
      const budget = yield* makeBudget(store)
      const ask = stages(budget).effect(() =>
        Effect.sync(() => {
          state.mode = "fails"
          return answer(7)
        })
      )
      // The call succeeds nevertheless.
      yield* ask(callFor(60))
      assert.deepStrictEqual(yield* linesOf(memory), ["0+60"])
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(yield* linesOf(memory), ["0+60"])
      state.mode = "works"
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* linesOf(memory), ["7+0"])
    })
  )

  it.effect("renews its leases while calls run; without renewal they expire in full", () =>
    Effect.gen(function* () {
      const { memory, state, store } = yield* makeStore
      const budget = yield* makeBudget(store)
      const ask = stages(budget).effect(() => Effect.as(Effect.sleep("10 minutes"), answer(7)))
      const first = yield* Effect.forkChild(ask(callFor(60)))
      yield* TestClock.adjust("9 minutes")
      assert.deepStrictEqual(yield* linesOf(memory), ["0+60"])
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(first)
      assert.deepStrictEqual(yield* linesOf(memory), ["7+0"])
      const second = yield* Effect.forkChild(ask(callFor(60)))
      yield* TestClock.adjust("1 minute")
      state.mode = "fails"
      yield* TestClock.adjust("31 seconds")
      assert.deepStrictEqual(yield* linesOf(memory), ["67+0"])
      state.mode = "works"
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.join(second)
      // It was already paid in full, and is not paid twice.
      assert.deepStrictEqual(yield* linesOf(memory), ["67+0"])
    })
  )

  it.effect("retries settlements when it closes; without reservations it does not use the store", () =>
    Effect.gen(function* () {
      const { memory, state, store } = yield* makeStore
      yield* Effect.scoped(
        Effect.gen(function* () {
          const budget = yield* makeBudget(store)
          yield* TestClock.adjust("10 minutes")
          assert.deepStrictEqual(state.asked, [])
          const ask = stages(budget).effect(() =>
            Effect.sync(() => {
              state.mode = "fails"
              return answer(7)
            })
          )
          yield* ask(callFor(60))
          state.mode = "works"
          yield* TestClock.adjust("1 second")
        })
      )
      assert.deepStrictEqual(yield* linesOf(memory), ["7+0"])
    })
  )

  it.effect("reserves nothing after an interrupt that waited for the store's timeout", () =>
    Effect.gen(function* () {
      const { memory, state, store } = yield* makeStore
      const budget = yield* makeBudget(store)
      const ask = stages(budget).effect(() => Effect.succeed(answer(7)))
      state.mode = "does and is silent"
      const fiber = yield* Effect.forkChild(ask(callFor(60)))
      yield* Effect.yieldNow
      const interrupt = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(interrupt)
      state.mode = "works"
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* linesOf(memory), ["0+0"])
    })
  )

  it.effect("has no capacity for more scopes than configured", () =>
    Effect.gen(function* () {
      const memory = yield* BudgetStore.makeMemory({ maxScopes: 1 })
      const budget = yield* makeBudget(memory, { caps: [total, { ...total, per: ["tenant"] }] })
      const error = yield* Effect.flip(stages(budget).effect(() => Effect.succeed(answer(7)))(callFor(1)))
      assert.strictEqual(error._tag, "BudgetStoreError")
      // It replies, so it is not an outage: a new name does not bypass the caps.
      const allowing = yield* makeBudget(memory, {
        caps: [total, { ...total, per: ["tenant"] }],
        onStoreError: "allow"
      })
      const refused = yield* Effect.flip(stages(allowing).effect(() => Effect.succeed(answer(7)))(callFor(1)))
      assert.strictEqual(refused._tag, "BudgetStoreError")
      assert.include(refused.message, "it has no capacity for another scope")
    })
  )

  it.effect("remembers only operations that were sent during an outage", () =>
    Effect.gen(function* () {
      const { memory, state, store } = yield* makeStore
      const budget = yield* makeBudget(store, { onStoreError: "allow" })
      const ask = stages(budget).effect(() => Effect.succeed(answer(7)))
      state.mode = "fails"
      for (let i = 0; i < 100; i += 1) yield* ask(callFor(10))
      assert.deepStrictEqual(state.asked, ["reserve"])
      state.mode = "works"
      state.asked = []
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(
        state.asked.filter((operation) => operation === "settle"),
        ["settle"]
      )
      assert.deepStrictEqual(yield* linesOf(memory), [])
    })
  )

  it.effect("settles a hold later that it could not settle", () =>
    Effect.gen(function* () {
      const { memory, state, store } = yield* makeStore
      const budget = yield* makeBudget(store)
      const dollars = (amount: number) => ({ currency: "USD" as const, total: BigDecimal.fromNumberUnsafe(amount) })
      const cost = Option.some(dollars(60))
      yield* budget.hold({ id: "batch", cost, provider: "host", model: "m", lease: "25 hours" })
      state.mode = "fails"
      yield* Effect.flip(budget.settleHold("batch", dollars(7)))
      state.mode = "works"
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* linesOf(memory), ["7+0"])
    })
  )

  it.effect("keeps a hold that is reserved again after its release has failed", () =>
    Effect.gen(function* () {
      const { memory, state, store } = yield* makeStore
      const budget = yield* makeBudget(store)
      const cost = Option.some({ currency: "USD" as const, total: BigDecimal.fromNumberUnsafe(60) })
      const hold = budget.hold({ id: "batch", cost, provider: "host", model: "m", lease: "25 hours" })
      yield* hold
      state.mode = "fails"
      yield* Effect.flip(budget.settleHold("batch", undefined))
      state.mode = "works"
      yield* TestClock.adjust("1 second")
      yield* hold
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* linesOf(memory), ["0+60"])
    })
  )
})

describe("Budget of a stream whose scope another fiber closes", () => {
  it.effect("is closed with the services of the fiber that began it", () =>
    Effect.gen(function* () {
      const memory = yield* BudgetStore.makeMemory()
      const tenants: Array<string> = []
      const budget = yield* makeBudget({
        ...memory,
        settle: (id, used) =>
          Effect.flatMap(CallOptions.CallOptions, ({ tenant }) => {
            tenants.push(tenant)
            return memory.settle(id, used)
          })
      })
      const scope = yield* Effect.scope
      const inner = yield* Scope.fork(scope)
      // No attempt takes what was reserved.
      const read = budget.stage().stream(() => events(1))(callFor(10))
      yield* Effect.asVoid(Stream.toPull(read)).pipe(CallOptions.provide({ tenant: "a" }), Scope.provide(inner))
      yield* CallOptions.provide({ tenant: "b" })(Scope.close(inner, Exit.void))
      assert.deepStrictEqual(tenants, ["a"])
    })
  )
})
