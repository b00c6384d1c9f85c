import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { BudgetStoreError } from "../../src/errors/MoneyErrors.ts"
import * as BudgetStore from "../../src/money/BudgetStore.ts"
import * as Redis from "../../src/Redis.ts"

const noRedis = Redis.Redis.of({ send: () => Effect.die("used"), run: () => Effect.die("used") })

describe("BudgetStore.makeRedis", () => {
  for (const options of [
    { name: "a{b}", keyPrefix: "a}" },
    { name: "", keyPrefix: "" }
  ]) {
    it.effect(`refuses ${JSON.stringify(options)}, whose keys would be on several nodes of a cluster`, () =>
      Effect.gen(function* () {
        const made = Effect.provideService(BudgetStore.makeRedis(options), Redis.Redis, noRedis)
        const error = yield* Effect.flip(made)
        assert.deepStrictEqual(
          error.issues.map(({ name }) => name),
          ["BudgetStore name", "BudgetStore keyPrefix"]
        )
      })
    )
  }
})

describe("a budget store in a Redis that fails", () => {
  const gone = Redis.fromCause("budget", new Error("gone"))
  const broken = Redis.Redis.of({ send: () => Effect.fail(gone), run: () => Effect.fail(gone) })
  const operations = {
    reserve: (store: BudgetStore.BudgetStore["Service"]) => store.reserve({ id: "a", amount: 1n, claims: [] }, 1_000),
    settle: (store: BudgetStore.BudgetStore["Service"]) => store.settle("a", 1n),
    renew: (store: BudgetStore.BudgetStore["Service"]) => store.renew(["a"], 1_000),
    read: (store: BudgetStore.BudgetStore["Service"]) => store.scopeBalances
  }

  for (const [operation, run] of Object.entries(operations)) {
    it.effect(`names the operation ${operation}`, () =>
      Effect.gen(function* () {
        const store = yield* Effect.provideService(BudgetStore.makeRedis(), Redis.Redis, broken)
        const error = yield* Effect.flip(Effect.asVoid<unknown, BudgetStoreError, never>(run(store)))
        assert.deepInclude(error, { _tag: "BudgetStoreError", store: "redis", operation })
      })
    )
  }
})

describe("the keys of a budget in Redis", () => {
  it.effect("have one prefix by default", () =>
    Effect.gen(function* () {
      const noted: Array<string> = []
      const run = <A>(_: Redis.Script, keys: ReadonlyArray<string>) =>
        Effect.sync(() => {
          noted.push(...keys)
          return [[], []] as A
        })
      const redis = Redis.Redis.of({ send: () => Effect.die("used"), run })
      const store = yield* Effect.provideService(BudgetStore.makeRedis(), Redis.Redis, redis)
      yield* store.settle("a", 1n)
      assert.deepStrictEqual(
        noted,
        ["used", "spent", "caps", "holds", "leases", "forget", "late"].map(
          (key) => `kimi-effect:budget:{default}:${key}`
        )
      )
    })
  )
})

describe("BudgetStore.makeMemory", () => {
  it.effect("refuses a number of scopes that bounds nothing", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(BudgetStore.makeMemory({ maxScopes: Number.NaN }))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["BudgetStore maxScopes"]
      )
    })
  )

  it.effect("forgets a scope whose period has ended", () =>
    Effect.gen(function* () {
      const store = yield* BudgetStore.makeMemory()
      const claims = [{ scope: "USD day:1970-01-01", cap: 10n, retainUntil: 1_000 }]
      yield* store.reserve({ id: "a", amount: 1n, claims }, 100)
      yield* store.settle("a", 1n)
      yield* TestClock.adjust("999 millis")
      assert.strictEqual((yield* store.scopeBalances).length, 1)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* store.scopeBalances, [])
    })
  )

  it.effect("is named by its kind", () =>
    Effect.map(BudgetStore.makeMemory(), ({ name }) => assert.strictEqual(name, "memory"))
  )
})
