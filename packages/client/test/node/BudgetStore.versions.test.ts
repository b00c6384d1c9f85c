import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import type { Hold } from "@kimi-effect/core/internal/Ledger"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as BudgetStore from "../../src/node/BudgetStore.ts"
import { folder } from "./support/files.ts"

const lease = 60_000

const hold = (id: string): Hold => ({
  id,
  amount: 10n,
  claims: [{ scope: "USD total", cap: 100n, retainUntil: undefined }]
})
const line = (scope: string, spent: bigint, reserved: bigint) => ({ scope, cap: 100n, spent, reserved })

const balances = `
  CREATE TABLE balances (
    scope TEXT PRIMARY KEY, cap INTEGER NOT NULL, spent INTEGER NOT NULL, reserved INTEGER NOT NULL,
    forget_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX balances_forget_at ON balances (forget_at) WHERE forget_at IS NOT NULL;
  PRAGMA application_id = ${0x6b_69_6d_42};`

const firstVersion = `
  ${balances}
  CREATE TABLE holds (
    id TEXT PRIMARY KEY, amount INTEGER NOT NULL, expires_at INTEGER NOT NULL, scopes TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX holds_expires_at ON holds (expires_at);
  INSERT INTO balances VALUES ('USD total', 100, 7, 10, NULL);
  INSERT INTO holds VALUES ('1', 10, 60000, '["USD total"]');
  PRAGMA user_version = 1;`

/** A call, a batch whose lease is long, and a call whose lease has expired once. */
const secondVersion = `
  ${balances}
  CREATE TABLE holds (
    id TEXT PRIMARY KEY, amount INTEGER NOT NULL, expires_at INTEGER NOT NULL, scopes TEXT NOT NULL,
    lease INTEGER NOT NULL, is_overdue INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX holds_expires_at ON holds (expires_at);
  INSERT INTO balances VALUES ('USD day', 100, 3, 10, 86400000);
  INSERT INTO balances VALUES ('USD total', 100, 7, 35, NULL);
  INSERT INTO holds VALUES ('call', 10, 60000, '["USD day","USD total"]', 60000, 0);
  INSERT INTO holds VALUES ('batch', 20, 172800000, '["USD total"]', 172800000, 0);
  INSERT INTO holds VALUES ('overdue', 5, 30000, '["USD total"]', 60000, 1);
  PRAGMA user_version = 2;`

/** The path of a file with these tables. */
const written = (sql: string) =>
  Effect.map(folder, (path) => {
    const db = new DatabaseSync(`${path}/budget.db`)
    db.exec(sql)
    db.close()
    return `${path}/budget.db`
  })

describe("a ledger of an earlier version", () => {
  it.effect("continues from the first version", () =>
    Effect.gen(function* () {
      const store = yield* BudgetStore.makeSqlite({ path: yield* written(firstVersion) })
      yield* store.reserve(hold("2"), lease)
      yield* store.settle("1", 2n)
      assert.deepStrictEqual(yield* store.scopeBalances, [line("USD total", 9n, 10n)])
    })
  )

  it.effect("keeps its balances from the second version", () =>
    Effect.gen(function* () {
      const store = yield* BudgetStore.makeSqlite({ path: yield* written(secondVersion) })
      assert.deepStrictEqual(yield* store.scopeBalances, [line("USD day", 3n, 10n), line("USD total", 7n, 35n)])
    })
  )

  it.effect("settles each reservation of the second version for what was used", () =>
    Effect.gen(function* () {
      const store = yield* BudgetStore.makeSqlite({ path: yield* written(secondVersion) })
      yield* store.settle("call", 4n)
      yield* store.settle("batch", 15n)
      yield* store.settle("overdue", 1n)
      assert.deepStrictEqual(yield* store.scopeBalances, [line("USD day", 7n, 0n), line("USD total", 27n, 0n)])
    })
  )

  it.effect("keeps the ends of the leases of the second version", () =>
    Effect.gen(function* () {
      const store = yield* BudgetStore.makeSqlite({ path: yield* written(secondVersion) })
      // The lease that has expired before ends; the other two continue.
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* store.scopeBalances, [line("USD day", 3n, 10n), line("USD total", 12n, 30n)])
      yield* TestClock.adjust("90 seconds")
      yield* store.scopeBalances
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(yield* store.scopeBalances, [line("USD day", 13n, 0n), line("USD total", 22n, 20n)])
    })
  )

  it.effect("still removes the ended day of the second version", () =>
    Effect.gen(function* () {
      const store = yield* BudgetStore.makeSqlite({ path: yield* written(secondVersion) })
      yield* store.settle("call", 4n)
      yield* TestClock.adjust("1 day")
      yield* store.renew([], lease)
      assert.notInclude(
        (yield* store.scopeBalances).map(({ scope }) => scope),
        "USD day"
      )
    })
  )

  it.effect("corrects what it charged for a batch of the present version", () =>
    Effect.gen(function* () {
      const store = yield* BudgetStore.makeSqlite({ path: yield* written(secondVersion) })
      yield* store.settle("call", 0n)
      yield* store.settle("overdue", 0n)
      yield* store.reserve({ ...hold("late"), isCorrectable: true }, lease)
      yield* TestClock.adjust("1 minute")
      yield* store.scopeBalances
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* store.scopeBalances)[1], line("USD total", 17n, 20n))
      yield* store.settle("late", 2n)
      assert.deepStrictEqual((yield* store.scopeBalances)[1], line("USD total", 9n, 20n))
    })
  )

  it.effect("is of the present version afterward", () =>
    Effect.gen(function* () {
      const path = yield* written(secondVersion)
      for (const _ of [1, 2]) yield* Effect.scoped(BudgetStore.makeSqlite({ path }))
      const db = new DatabaseSync(path, { readOnly: true })
      assert.deepStrictEqual({ ...db.prepare("PRAGMA user_version").get() }, { user_version: 3 })
      db.close()
    })
  )
})
