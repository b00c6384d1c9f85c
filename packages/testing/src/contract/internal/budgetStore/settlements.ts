/** What a settlement charges and releases. */
import * as Effect from "effect/Effect"
import { equal } from "../expect.ts"
import { claim, hold, longLease, type Subject } from "./Subject.ts"

const total = claim("total", 100n)

export const register = ({ test }: Subject): void => {
  test("charges what was used when a hold is settled", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 60n, total), longLease)
      equal(yield* store.settle("1", 10n), [{ scope: "USD total", cap: 100n, spentBefore: 0n, spent: 10n }])
      equal(yield* store.scopeBalances, [{ scope: "USD total", cap: 100n, spent: 10n, reserved: 0n }])
    }))

  test("settles a hold only once", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 60n, total), longLease)
      yield* store.settle("1", 20n)
      equal(yield* store.settle("1", 50n), [])
      equal(yield* store.scopeBalances, [{ scope: "USD total", cap: 100n, spent: 20n, reserved: 0n }])
    }))

  test("does not settle a hold that was refused", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 101n, total), longLease)
      equal(yield* store.settle("1", 50n), [])
    }))

  test("releases the rest of a hold when it is settled", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 60n, total), longLease)
      yield* store.settle("1", 30n)
      equal((yield* store.reserve(hold("2", 70n, total), longLease)).result._tag, "Reserved")
      equal((yield* store.reserve(hold("3", 1n, total), longLease)).result._tag, "Refused")
    }))
}
