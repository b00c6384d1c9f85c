/** Expiry of leases and retention of scopes. */
import * as Effect from "effect/Effect"
import { equal } from "../expect.ts"
import { balancesOf, claim, hold, longLease, shortLease, type Subject } from "./Subject.ts"

const total = claim("total", 100n)

export const register = ({ expire, sleep, test }: Subject): void => {
  test("charges a hold in full when its lease has expired", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 30n, total), shortLease)
      yield* expire(store)
      const { changes, result } = yield* store.reserve(hold("2", 50n, total), longLease)
      equal(changes, [{ scope: "USD total", cap: 100n, spentBefore: 0n, spent: 30n }])
      equal(result._tag, "Reserved")
      equal(yield* store.scopeBalances, [{ scope: "USD total", cap: 100n, spent: 30n, reserved: 50n }])
    }))

  test("does not settle a hold whose lease has expired", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 30n, total), shortLease)
      yield* expire(store)
      yield* store.renew([], longLease)
      equal(yield* store.settle("1", 1n), [])
    }))

  test("corrects once what was charged for a correctable hold", (store) =>
    Effect.gen(function* () {
      yield* store.reserve({ ...hold("1", 30n, total), isCorrectable: true }, shortLease)
      yield* expire(store)
      yield* store.renew([], longLease)
      equal(yield* store.settle("1", 7n), [{ scope: "USD total", cap: 100n, spentBefore: 30n, spent: 7n }])
      equal(yield* store.settle("1", 7n), [])
      equal(yield* store.scopeBalances, [{ scope: "USD total", cap: 100n, spent: 7n, reserved: 0n }])
    }))

  test("does not reserve a correctable hold again that was charged", (store) =>
    Effect.gen(function* () {
      const correctable = { ...hold("1", 60n, total), isCorrectable: true }
      yield* store.reserve(correctable, shortLease)
      yield* expire(store)
      yield* store.renew([], longLease)
      equal((yield* store.reserve(correctable, longLease)).result, { _tag: "Reserved" })
      equal(yield* store.scopeBalances, [{ scope: "USD total", cap: 100n, spent: 60n, reserved: 0n }])
    }))

  test("keeps a hold whose lease was renewed", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("expired", 30n, total), shortLease)
      yield* store.reserve(hold("renewed", 20n, total), shortLease)
      yield* sleep(shortLease / 2)
      yield* store.renew(["renewed", "unknown"], longLease)
      yield* expire(store)
      yield* store.renew([], longLease)
      yield* store.settle("renewed", 5n)
      equal(yield* store.scopeBalances, [{ scope: "USD total", cap: 100n, spent: 35n, reserved: 0n }])
    }))

  test("charges expired leases when balances are read", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 30n, total), shortLease)
      yield* expire(store)
      equal(yield* store.scopeBalances, [{ scope: "USD total", cap: 100n, spent: 30n, reserved: 0n }])
    }))

  test("charges expired leases when others are renewed", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 20n, total), shortLease)
      yield* expire(store)
      equal(yield* store.renew([], longLease), [{ scope: "USD total", cap: 100n, spentBefore: 0n, spent: 20n }])
    }))

  test("retains a scope that has ended while it has reservations", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 30n, claim("day:1", 100n, 1)), longLease)
      yield* sleep(10)
      yield* store.renew([], longLease)
      equal((yield* store.scopeBalances).length, 1)
    }))

  test("removes only the scopes that have ended", (store) =>
    Effect.gen(function* () {
      const [ended, current] = [claim("day:1", 100n, 1), claim("day:2", 100n, 4_102_444_800_000)]
      yield* store.reserve(hold("1", 30n, ended, current, total), longLease)
      yield* store.settle("1", 10n)
      yield* sleep(1_000)
      yield* store.renew([], longLease)
      equal(yield* balancesOf(store), [
        { scope: "USD day:2", cap: 100n, spent: 10n, reserved: 0n },
        { scope: "USD total", cap: 100n, spent: 10n, reserved: 0n }
      ])
    }))
}
