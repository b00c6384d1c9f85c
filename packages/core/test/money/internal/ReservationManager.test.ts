import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { EventHub } from "../../../src/internal/EventHub.ts"
import * as BudgetStore from "../../../src/money/BudgetStore.ts"
import * as Amount from "../../../src/money/internal/Amount.ts"
import type { BudgetEvent } from "../../../src/money/internal/BudgetEvent.ts"
import * as ReservationManager from "../../../src/money/internal/ReservationManager.ts"

const claims = [{ scope: "USD total", cap: 100n, retainUntil: undefined }]

/** A store that notes what it is asked, and does not answer while it is down. */
const make = Effect.fnUntraced(function* () {
  const asked: Array<string> = []
  const state = { isDown: false }
  const answer = <A>(name: string, result: A) =>
    Effect.suspend(() => {
      asked.push(name)
      return state.isDown ? Effect.never : Effect.succeed(result)
    })
  const store: BudgetStore.BudgetStore["Service"] = {
    name: "test",
    reserve: ({ amount }) => answer(`reserve ${amount}`, { result: { _tag: "Reserved" }, changes: [] }),
    settle: (_, used) => answer(`settle ${used}`, []),
    renew: (ids) => answer(`renew ${ids.length}`, []),
    scopeBalances: answer("read", [])
  }
  const manager = yield* ReservationManager.make(
    store,
    { thresholds: [0.5], lease: Duration.hours(3), timeout: Duration.seconds(1) },
    new EventHub<BudgetEvent>()
  )
  // The first renewal is at once.
  yield* TestClock.adjust(0)
  asked.length = 0
  return { asked, manager, state }
})

const reserved = Effect.fnUntraced(function* (manager: ReservationManager.ReservationManager, amount = 10n) {
  const reservation = yield* manager.reserve(amount, claims)
  if (!("settle" in reservation)) return assert.fail("refused")
  return reservation
})

/** Runs what waits for the timeout of the store. */
const afterTimeout = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect))
    yield* TestClock.adjust("1 second")
    return yield* Fiber.join(fiber)
  })

describe("ReservationManager", () => {
  it.effect("charges a reservation once", () =>
    Effect.gen(function* () {
      const { asked, manager } = yield* make()
      const { settle } = yield* reserved(manager)
      yield* settle(7n)
      yield* settle(9n)
      assert.deepStrictEqual(asked, ["reserve 10", "settle 7"])
    })
  )

  it.effect("renews reservations until they are settled", () =>
    Effect.gen(function* () {
      const { asked, manager } = yield* make()
      const { settle } = yield* reserved(manager)
      yield* manager.renew()
      yield* settle(7n)
      yield* manager.renew()
      assert.deepStrictEqual(asked, ["reserve 10", "renew 1", "settle 7"])
    })
  )

  it.effect("renews every third of the lease", () =>
    Effect.gen(function* () {
      const { asked, manager } = yield* make()
      yield* reserved(manager)
      yield* TestClock.adjust("59 minutes")
      assert.deepStrictEqual(asked, ["reserve 10"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(asked, ["reserve 10", "renew 1"])
    })
  )

  it.effect("keeps the lease of a settlement that the store has not acknowledged", () =>
    Effect.gen(function* () {
      const { asked, manager, state } = yield* make()
      const { settle } = yield* reserved(manager)
      state.isDown = true
      yield* afterTimeout(settle(7n))
      state.isDown = false
      yield* TestClock.adjust("1 second")
      yield* manager.renew()
      yield* manager.retryUnacknowledged()
      yield* manager.renew()
      assert.deepStrictEqual(asked, ["reserve 10", "settle 7", "renew 1", "settle 7"])
    })
  )

  it.effect("charges the largest amount that stores count", () =>
    Effect.gen(function* () {
      const { asked, manager } = yield* make()
      const { settle } = yield* reserved(manager)
      yield* settle(Amount.maxAmount + 1n)
      assert.deepStrictEqual(asked, ["reserve 10", `settle ${Amount.maxAmount}`])
    })
  )

  it.effect.each([
    ["reserve", (manager: ReservationManager.ReservationManager) => manager.reserve(1n, claims)],
    ["reserve", (manager: ReservationManager.ReservationManager) => manager.hold("id", 1n, claims, 1)],
    ["settle", (manager: ReservationManager.ReservationManager) => manager.settleHold("id", 1n)],
    ["read", (manager: ReservationManager.ReservationManager) => manager.scopeBalances]
  ] as const)("names the operation %s of a store that does not answer", ([operation, run]) =>
    Effect.gen(function* () {
      const { manager, state } = yield* make()
      state.isDown = true
      const exit = yield* afterTimeout<unknown, unknown>(run(manager))
      assert.deepInclude(yield* Effect.flip(exit), { _tag: "BudgetStoreError", store: "test", operation })
    })
  )

  it.effect("names the renewal of a store that does not answer", () =>
    Effect.gen(function* () {
      const { manager, state } = yield* make()
      yield* reserved(manager)
      state.isDown = true
      const exit = yield* afterTimeout(manager.renew())
      assert.deepInclude(yield* Effect.flip(exit), { _tag: "BudgetStoreError", operation: "renew" })
    })
  )

  it.effect("settles in the background what was begun without an effect", () =>
    Effect.gen(function* () {
      const { asked, manager } = yield* make()
      const reservation = yield* reserved(manager)
      assert.isDefined(reservation.settleNow(7n))
      assert.isUndefined(reservation.settleNow(9n))
      yield* manager.retryUnacknowledged()
      assert.deepStrictEqual(asked, ["reserve 10", "settle 7"])
    })
  )
})
