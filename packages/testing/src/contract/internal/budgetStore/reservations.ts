/** Which holds are reserved, and in which scopes. */
import * as Effect from "effect/Effect"
import { equal } from "../expect.ts"
import { balancesOf, claim, hold, longLease, type Subject } from "./Subject.ts"

const total = claim("total", 100n)

export const register = ({ test }: Subject): void => {
  test("refuses a hold that exceeds the cap", (store) =>
    Effect.gen(function* () {
      equal(yield* store.reserve(hold("1", 60n, total), longLease), { result: { _tag: "Reserved" }, changes: [] })
      equal(yield* store.reserve(hold("2", 41n, total), longLease), {
        result: { _tag: "Refused", scope: "USD total", cap: 100n, spent: 0n, reserved: 60n },
        changes: []
      })
    }))

  test("reserves an amount of zero at the cap", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 100n, total), longLease)
      equal((yield* store.reserve(hold("2", 0n, total), longLease)).result._tag, "Reserved")
      equal(yield* store.settle("2", 0n), [{ scope: "USD total", cap: 100n, spentBefore: 0n, spent: 0n }])
    }))

  test("reserves in all scopes or in none", (store) =>
    Effect.gen(function* () {
      const claims = [claim("a", 100n), claim("b/x:ü 名", 50n), claim("c", 10n)] as const
      const [a, b] = claims
      equal((yield* store.reserve(hold("0", 11n, ...claims), longLease)).result._tag, "Refused")
      equal(yield* store.scopeBalances, [])
      yield* store.reserve(hold("1", 10n, ...claims), longLease)
      equal((yield* store.reserve(hold("2", 41n, a, b), longLease)).result, {
        _tag: "Refused",
        scope: b.scope,
        cap: 50n,
        spent: 0n,
        reserved: 10n
      })
      const balances = (reserved: bigint, spent: bigint) =>
        claims.map(({ cap, scope }) => ({ scope, cap, spent, reserved }))
      equal(yield* balancesOf(store), balances(10n, 0n))
      yield* store.settle("1", 4n)
      equal(yield* balancesOf(store), balances(0n, 4n))
    }))

  test("reserves a hold once when the reservation is repeated", (store) =>
    Effect.gen(function* () {
      const repeated = hold("1", 60n, total)
      for (let i = 0; i < 3; i += 1) equal((yield* store.reserve(repeated, longLease)).result._tag, "Reserved")
      yield* store.settle("1", 1n)
      equal(yield* store.scopeBalances, [{ scope: "USD total", cap: 100n, spent: 1n, reserved: 0n }])
    }))
}
