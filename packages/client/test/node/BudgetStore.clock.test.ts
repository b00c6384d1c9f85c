import { assert, describe, it } from "@effect/vitest"
import type { Claim, Hold } from "@kimi-effect/core/internal/Ledger"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import * as BudgetStore from "../../src/node/BudgetStore.ts"
import { folder } from "./support/files.ts"

const lease = 60_000
const hour = 3_600_000
const day = 24 * hour
const start = Date.UTC(2026, 10, 23, 12)

const claim: Claim = { scope: "USD total", cap: 100n, retainUntil: undefined }
const hold = (id: string, ...claims: ReadonlyArray<Claim>): Hold => ({ id, amount: 10n, claims: [claim, ...claims] })
const line = (spent: bigint, reserved: bigint) => ({ scope: "USD total", cap: 100n, spent, reserved })

describe("BudgetStore.makeSqlite", () => {
  for (const [name, jump] of jumps) {
    it.effect(`charges what was used when the clock is set ${name} between two renewals`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const path = `${yield* folder}/budget.db`
          const store = yield* BudgetStore.makeSqlite({ path })
          yield* store.reserve(hold("1"), lease)
          set(jump)
          // A process that starts now cannot know that the clock was set.
          const other = yield* BudgetStore.makeSqlite({ path })
          yield* other.reserve(hold("2"), lease)
          yield* TestClock.adjust("20 seconds")
          yield* store.renew(["1"], lease)
          yield* TestClock.adjust("59 seconds")
          yield* other.renew(["2"], lease)
          yield* store.settle("1", 3n)
          assert.deepStrictEqual(yield* store.scopeBalances, [line(3n, 10n)])
        })
      )
    )
  }

  it.effect("extends an expired lease by its length until it charges it", () =>
    Effect.gen(function* () {
      const store = yield* BudgetStore.makeSqlite({ path: `${yield* folder}/budget.db` })
      yield* store.reserve(hold("1"), lease)
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(yield* store.scopeBalances, [line(0n, 10n)])
      yield* TestClock.adjust("59999 millis")
      assert.deepStrictEqual(yield* store.scopeBalances, [line(0n, 10n)])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* store.scopeBalances, [line(10n, 0n)])
    })
  )

  it.effect("keeps a lease with a fraction of a millisecond", () =>
    Effect.gen(function* () {
      const store = yield* BudgetStore.makeSqlite({ path: `${yield* folder}/budget.db` })
      yield* store.reserve(hold("1"), 1_000.5)
      yield* store.renew(["1"], 1_000.5)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* store.scopeBalances, [line(0n, 10n)])
    })
  )

  it.effect("extends a lease again that was renewed after it had expired", () =>
    Effect.gen(function* () {
      const store = yield* BudgetStore.makeSqlite({ path: `${yield* folder}/budget.db` })
      yield* store.reserve(hold("1"), lease)
      yield* TestClock.adjust("60 seconds")
      yield* store.scopeBalances
      yield* store.renew(["1"], lease)
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(yield* store.scopeBalances, [line(0n, 10n)])
    })
  )

  it.effect("charges the reservation of a killed process although no process stays open", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/budget.db`
      const visit = Effect.scoped(Effect.flatMap(BudgetStore.makeSqlite({ path }), (store) => store.scopeBalances))
      yield* Effect.scoped(Effect.flatMap(BudgetStore.makeSqlite({ path }), (store) => store.reserve(hold("1"), lease)))
      yield* TestClock.adjust("1 minute")
      yield* visit
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* visit, [line(10n, 0n)])
    })
  )

  it.effect("still knows what was spent on a day to which the clock returns", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(start)
        const store = yield* BudgetStore.makeSqlite({ path: `${yield* folder}/budget.db` })
        yield* store.reserve(hold("1", { scope: "USD day", cap: 100n, retainUntil: start + 2 * day }), lease)
        yield* store.settle("1", 4n)
        set(5 * day)
        yield* store.renew([], lease)
        assert.deepStrictEqual(
          (yield* store.scopeBalances).map(({ scope, spent }) => [scope, spent]),
          [
            ["USD day", 4n],
            ["USD total", 4n]
          ]
        )
      })
    )
  )
})
