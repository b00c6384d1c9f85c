/**
 * What every store of a budget does, whatever it is made of.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Amount from "@kimi-effect/core/internal/Amount"
import type { BudgetStore } from "@kimi-effect/core/BudgetStore"
import { type Claim, type Hold, Ledger, type ScopeBalance } from "@kimi-effect/core/internal/Ledger"
import { Effect, Random } from "effect"
import type * as Scope from "effect/Scope"

type Store = BudgetStore["Service"]

const claim = (scope: string, cap: bigint, forgetAt?: number): Claim => ({
  scope: `USD ${scope}`,
  cap,
  retainUntil: forgetAt
})
const hold = (id: string, amount: bigint, ...claims: ReadonlyArray<Claim>): Hold => ({ id, amount, claims })

const short = 400
const long = 600_000

const sorted = (lines: ReadonlyArray<ScopeBalance>): ReadonlyArray<ScopeBalance> =>
  lines.toSorted((a, b) => (a.scope < b.scope ? -1 : 1))

const linesOf = (store: Store) => Effect.map(store.scopeBalances, sorted)

/** `make` gives an empty store; `pass` lets milliseconds go by on its clock. */
export const contract = (
  name: string,
  make: Effect.Effect<Store, unknown, Scope.Scope>,
  pass: (millis: number) => Effect.Effect<void>,
  test: typeof it.effect = it.effect
) => {
  const on = (title: string, body: (store: Store) => Effect.Effect<void, unknown, Scope.Scope>) =>
    test(title, () => Effect.flatMap(make, body))

  describe(`${name} as a store of a budget`, () => {
    on("reserves, pays what was used and gives the rest back, once", (store) =>
      Effect.gen(function* () {
        const total = claim("total", 100n)
        const first = yield* store.reserve(hold("1", 60n, total), long)
        assert.deepStrictEqual(first, { result: { _tag: "Reserved" }, changes: [] })
        assert.deepStrictEqual(yield* store.reserve(hold("2", 41n, total), long), {
          result: { _tag: "Refused", scope: "USD total", cap: 100n, spent: 0n, reserved: 60n },
          changes: []
        })
        assert.deepStrictEqual(yield* store.settle("1", 10n), [
          { scope: "USD total", cap: 100n, spentBefore: 0n, spent: 10n }
        ])
        assert.deepStrictEqual(yield* store.settle("1", 50n), [])
        assert.deepStrictEqual(yield* store.settle("2", 50n), [])
        assert.deepStrictEqual(yield* store.scopeBalances, [
          { scope: "USD total", cap: 100n, spent: 10n, reserved: 0n }
        ])
        assert.strictEqual((yield* store.reserve(hold("3", 90n, total), long)).result._tag, "Reserved")
        assert.strictEqual((yield* store.reserve(hold("4", 1n, total), long)).result._tag, "Refused")
        assert.strictEqual((yield* store.reserve(hold("5", 0n, total), long)).result._tag, "Reserved")
        assert.deepStrictEqual(yield* store.settle("5", 0n), [
          { scope: "USD total", cap: 100n, spentBefore: 10n, spent: 10n }
        ])
      })
    )

    on("reserves in all scopes or in none", (store) =>
      Effect.gen(function* () {
        const [a, b, c] = [claim("a", 100n), claim("b/x:ü 名", 50n), claim("c", 10n)]
        assert.strictEqual((yield* store.reserve(hold("0", 11n, a, b, c), long)).result._tag, "Refused")
        assert.deepStrictEqual(yield* store.scopeBalances, [])
        yield* store.reserve(hold("1", 10n, a, b, c), long)
        assert.deepStrictEqual((yield* store.reserve(hold("2", 41n, a, b), long)).result, {
          _tag: "Refused",
          scope: b.scope,
          cap: 50n,
          spent: 0n,
          reserved: 10n
        })
        const lines = (reserved: bigint, spent: bigint) =>
          [a, b, c].map(({ cap, scope }) => ({ scope, cap, spent, reserved }))
        assert.deepStrictEqual(yield* linesOf(store), lines(10n, 0n))
        yield* store.settle("1", 4n)
        assert.deepStrictEqual(yield* linesOf(store), lines(0n, 4n))
      })
    )

    on("takes the same hold again for what it is", (store) =>
      Effect.gen(function* () {
        const one = hold("1", 60n, claim("total", 100n))
        for (let i = 0; i < 3; i += 1) assert.strictEqual((yield* store.reserve(one, long)).result._tag, "Reserved")
        yield* store.settle("1", 1n)
        assert.deepStrictEqual(yield* store.scopeBalances, [{ scope: "USD total", cap: 100n, spent: 1n, reserved: 0n }])
      })
    )

    on("pays in full what is held beyond its lease, and nothing twice", (store) =>
      Effect.gen(function* () {
        const total = claim("total", 100n)
        yield* store.reserve(hold("dead", 30n, total), short)
        yield* store.reserve(hold("alive", 20n, total), short)
        yield* pass(short / 2)
        yield* store.renew(["alive", "unknown"], long)
        yield* pass(short)
        const { changes, result } = yield* store.reserve(hold("next", 50n, total), long)
        assert.deepStrictEqual(changes, [{ scope: "USD total", cap: 100n, spentBefore: 0n, spent: 30n }])
        assert.strictEqual(result._tag, "Reserved")
        // Its owner was only slow.
        assert.deepStrictEqual(yield* store.settle("dead", 1n), [])
        yield* store.settle("alive", 5n)
        assert.deepStrictEqual(yield* store.scopeBalances, [
          { scope: "USD total", cap: 100n, spent: 35n, reserved: 50n }
        ])
      })
    )

    on("lets leases lapse when anybody reads or renews", (store) =>
      Effect.gen(function* () {
        yield* store.reserve(hold("1", 30n, claim("total", 100n)), short)
        yield* pass(short * 2)
        assert.deepStrictEqual(yield* store.scopeBalances, [
          { scope: "USD total", cap: 100n, spent: 30n, reserved: 0n }
        ])
        yield* store.reserve(hold("2", 20n, claim("total", 100n)), short)
        yield* pass(short * 2)
        assert.deepStrictEqual(yield* store.renew([], long), [
          { scope: "USD total", cap: 100n, spentBefore: 30n, spent: 50n }
        ])
      })
    )

    on("forgets a scope that is over when nothing is held in it, and no other", (store) =>
      Effect.gen(function* () {
        const [past, future] = [claim("day:1", 100n, 1), claim("day:2", 100n, 4_102_444_800_000)]
        yield* store.reserve(hold("1", 30n, past, future, claim("total", 100n)), long)
        yield* pass(10)
        yield* store.renew([], long)
        assert.deepStrictEqual((yield* store.scopeBalances).length, 3)
        yield* store.settle("1", 10n)
        yield* pass(1_000)
        yield* store.renew([], long)
        assert.deepStrictEqual(yield* linesOf(store), [
          { scope: "USD day:2", cap: 100n, spent: 10n, reserved: 0n },
          { scope: "USD total", cap: 100n, spent: 10n, reserved: 0n }
        ])
      })
    )

    on("counts large amounts to the last digit", (store) =>
      Effect.gen(function* () {
        const total = claim("total", Amount.maxAmount)
        const most = Amount.maxAmount - 9_007_199_254_740_993n
        yield* store.reserve(hold("1", most, total), long)
        const rest = Amount.maxAmount - most
        const refused = yield* store.reserve(hold("2", rest + 1n, total), long)
        assert.deepStrictEqual(refused.result, {
          _tag: "Refused",
          scope: "USD total",
          cap: Amount.maxAmount,
          spent: 0n,
          reserved: most
        })
        assert.strictEqual((yield* store.reserve(hold("3", rest, total), long)).result._tag, "Reserved")
        yield* store.settle("1", most - 1n)
        assert.deepStrictEqual(yield* store.scopeBalances, [
          { scope: "USD total", cap: Amount.maxAmount, spent: most - 1n, reserved: rest }
        ])
      })
    )

    on("stops counting before its numbers end", (store) =>
      Effect.gen(function* () {
        const total = claim("total", Amount.maxAmount)
        const small = claim("small", Amount.maxAmount)
        for (let i = 0; i < 12; i += 1) yield* store.reserve(hold(`${i}`, 1n, total), long)
        yield* store.reserve(hold("large", Amount.maxAmount - 12n, total), long)
        for (let i = 0; i < 12; i += 1) yield* store.settle(`${i}`, Amount.maxAmount)
        const spent = Amount.saturationThreshold + Amount.maxAmount
        const most = yield* store.reserve(hold("x", Amount.maxAmount, small, total), long)
        assert.strictEqual(most.result._tag, "Refused")
        yield* store.settle("large", 0n)
        assert.deepStrictEqual(yield* store.scopeBalances, [
          { scope: "USD total", cap: Amount.maxAmount, spent, reserved: 0n }
        ])
        assert.strictEqual((yield* store.reserve(hold("x", 1n, total), long)).result._tag, "Refused")
      })
    )

    on("does in random traces what the ledger does", (store) =>
      Effect.gen(function* () {
        const chance = yield* Random.Random
        const between = (from: number, to: number) => from + Math.floor(chance.nextDoubleUnsafe() * (to - from + 1))
        const ledger = new Ledger(100)
        const claims = [claim("total", 300n), claim("day", 200n), claim("tenant:a", 90n), claim("job:b", 60n)]
        const held: Array<string> = []
        for (let step = 0; step < 400; step += 1) {
          if (chance.nextDoubleUnsafe() < 0.6) {
            const chosen = claims.filter(() => chance.nextDoubleUnsafe() < 0.5)
            const one = hold(`${step}`, BigInt(between(0, 40)), ...chosen)
            const { result } = yield* store.reserve(one, long)
            assert.deepStrictEqual(result, ledger.reserve(one, Number.POSITIVE_INFINITY))
            if (result._tag === "Reserved") held.push(one.id)
          } else {
            const [id = "none"] = held.splice(between(0, held.length - 1), 1)
            const used = BigInt(between(0, 2))
            assert.deepStrictEqual(yield* store.settle(id, used), ledger.settle(id, used))
          }
          if (step % 50 === 0) assert.deepStrictEqual(yield* linesOf(store), sorted(ledger.scopeBalances()))
        }
        for (const id of held) assert.deepStrictEqual(yield* store.settle(id, 1n), ledger.settle(id, 1n))
        assert.deepStrictEqual(yield* linesOf(store), sorted(ledger.scopeBalances()))
        assert.isTrue(ledger.scopeBalances().every(({ reserved }) => reserved === 0n))
      }).pipe(Random.withSeed("contract"))
    )
  })
}
