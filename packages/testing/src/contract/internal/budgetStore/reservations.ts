/** Reserving and settling. */
import { Ledger } from "@kimi-effect/core/internal/Ledger"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { equal, isTrue } from "../expect.ts"
import { balancesOf, claim, hold, longLease, sorted, type Subject } from "./Subject.ts"

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

  test("charges what was used when a hold is settled", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 60n, total), longLease)
      equal(yield* store.settle("1", 10n), [{ scope: "USD total", cap: 100n, spentBefore: 0n, spent: 10n }])
      equal(yield* store.scopeBalances, [{ scope: "USD total", cap: 100n, spent: 10n, reserved: 0n }])
    }))

  test("settles a hold only once", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 60n, total), longLease)
      yield* store.settle("1", 10n)
      equal(yield* store.settle("1", 50n), [])
      equal(yield* store.scopeBalances, [{ scope: "USD total", cap: 100n, spent: 10n, reserved: 0n }])
    }))

  test("does not settle a hold that was refused", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 101n, total), longLease)
      equal(yield* store.settle("1", 50n), [])
    }))

  test("releases the rest of a hold when it is settled", (store) =>
    Effect.gen(function* () {
      yield* store.reserve(hold("1", 60n, total), longLease)
      yield* store.settle("1", 10n)
      equal((yield* store.reserve(hold("2", 90n, total), longLease)).result._tag, "Reserved")
      equal((yield* store.reserve(hold("3", 1n, total), longLease)).result._tag, "Refused")
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

  test("agrees with the ledger on random traces", (store) =>
    Effect.gen(function* () {
      const random = yield* Random.Random
      const between = (from: number, to: number) => from + Math.floor(random.nextDoubleUnsafe() * (to - from + 1))
      const ledger = new Ledger(100)
      const claims = [claim("total", 300n), claim("day", 200n), claim("tenant:a", 90n), claim("job:b", 60n)]
      const held: Array<string> = []
      for (let step = 0; step < 400; step += 1) {
        if (random.nextDoubleUnsafe() < 0.6) {
          const chosen = claims.filter(() => random.nextDoubleUnsafe() < 0.5)
          const next = hold(`${step}`, BigInt(between(0, 40)), ...chosen)
          const { result } = yield* store.reserve(next, longLease)
          equal(result, ledger.reserve(next, Number.POSITIVE_INFINITY))
          if (result._tag === "Reserved") held.push(next.id)
        } else {
          const [id = "none"] = held.splice(between(0, held.length - 1), 1)
          const used = BigInt(between(0, 2))
          equal(yield* store.settle(id, used), ledger.settle(id, used))
        }
        if (step % 50 === 0) equal(yield* balancesOf(store), sorted(ledger.scopeBalances()))
      }
      for (const id of held) equal(yield* store.settle(id, 1n), ledger.settle(id, 1n))
      equal(yield* balancesOf(store), sorted(ledger.scopeBalances()))
      isTrue(
        ledger.scopeBalances().every(({ reserved }) => reserved === 0n),
        "the ledger still has reservations"
      )
    }).pipe(Random.withSeed("contract")))
}
