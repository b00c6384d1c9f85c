import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import type { Hold } from "@kimi-effect/core/internal/Ledger"
import { Effect, Exit, Fiber } from "effect"
import * as BudgetStore from "../../src/node/BudgetStore.ts"
import { folder } from "./support/files.ts"

const hold = (id: string): Hold => ({
  id,
  amount: 10n,
  claims: [{ scope: "USD total", cap: 100n, retainUntil: undefined }]
})
const line = (spent: bigint, reserved: bigint) => ({ scope: "USD total", cap: 100n, spent, reserved })

describe("BudgetStore.layerSqlite", () => {
  it.effect("keeps its balances when it is opened again", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/budget.db`
      yield* Effect.scoped(
        Effect.gen(function* () {
          const store = yield* BudgetStore.makeSqlite({ path })
          yield* store.reserve(hold("1"), 60_000)
          yield* store.reserve(hold("2"), 60_000)
          yield* store.settle("1", 4n)
        })
      )
      const store = yield* BudgetStore.makeSqlite({ path })
      assert.deepStrictEqual(yield* store.scopeBalances, [line(4n, 10n)])
      yield* store.settle("2", 5n)
      assert.deepStrictEqual(yield* store.scopeBalances, [line(9n, 0n)])
    })
  )

  it.effect("is readable for its owner only", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/deep/er/budget.db`
      const store = yield* BudgetStore.makeSqlite({ path })
      yield* store.reserve(hold("1"), 60_000)
      for (const file of [path, `${path}-wal`]) assert.strictEqual(statSync(file).mode & 0o077, 0)
    })
  )

  it.live("waits for another process that is writing", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/budget.db`
      const store = yield* BudgetStore.makeSqlite({ path })
      const other = new DatabaseSync(path)
      other.exec("BEGIN IMMEDIATE")
      const fiber = yield* Effect.forkChild(store.reserve(hold("1"), 60_000))
      yield* Effect.sleep("50 millis")
      assert.isUndefined(fiber.pollUnsafe())
      other.exec("COMMIT")
      other.close()
      assert.strictEqual((yield* Fiber.join(fiber)).result._tag, "Reserved")
    })
  )

  // Closing any descriptor of a file gives up all locks that a process has on it.
  it.effect.skipIf(!existsSync("/proc/locks"))("keeps its lock on the file when it is opened once more", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/budget.db`
      const store = yield* BudgetStore.makeSqlite({ path })
      yield* store.reserve(hold("1"), 60_000)
      const isLocked = () =>
        readFileSync("/proc/locks", "utf8")
          .split("\n")
          .some((lock) => lock.includes(` ${process.pid} `) && lock.includes(`:${statSync(path).ino} `))
      assert.isTrue(isLocked())
      yield* BudgetStore.makeSqlite({ path })
      assert.isTrue(isLocked())
    })
  )

  it.effect("does not replace a file that it cannot read", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const garbage = `${path}/garbage.db`
      writeFileSync(garbage, "this is no database, and has never been one".repeat(200))
      const foreign = `${path}/foreign.db`
      const db = new DatabaseSync(foreign)
      db.exec("CREATE TABLE cats (name TEXT)")
      db.close()
      const later = `${path}/later.db`
      yield* Effect.scoped(BudgetStore.makeSqlite({ path: later }))
      const newer = new DatabaseSync(later)
      newer.exec("PRAGMA user_version = 4")
      newer.close()
      mkdirSync(`${path}/folder`)
      const reasonOf = (file: string) =>
        Effect.map(Effect.flip(Effect.scoped(BudgetStore.makeSqlite({ path: file }))), (error) => {
          assert.strictEqual(error._tag === "BudgetStoreError" && error.operation, "open")
          return error.message.slice(error.message.indexOf(": ") + 2)
        })
      assert.strictEqual(
        yield* reasonOf(garbage),
        `it is not a SQLite database and is left as it is; set another path, or restore it from a copy (${garbage})`
      )
      assert.strictEqual(
        yield* reasonOf(foreign),
        `it is another application's database and is left as it is; set another path (${foreign})`
      )
      assert.strictEqual(
        yield* reasonOf(later),
        `it was written by another version of this library and is left as it is; use that version, or set another path (${later})`
      )
      assert.strictEqual(yield* reasonOf(`${path}/folder`), `it is a folder and not a file (${path}/folder)`)
    })
  )

  it.effect("rolls back a reservation that it could not complete", () =>
    Effect.gen(function* () {
      const path = `${yield* folder}/budget.db`
      const store = yield* BudgetStore.makeSqlite({ path })
      yield* store.reserve(hold("1"), 60_000)
      // A hold that cannot be written, after its lines were.
      const other = new DatabaseSync(path)
      other.exec("CREATE TRIGGER no BEFORE INSERT ON holds BEGIN SELECT RAISE(ABORT, 'no'); END")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(store.reserve(hold("2"), 60_000))))
      other.exec("DROP TRIGGER no")
      other.close()
      assert.deepStrictEqual(yield* store.scopeBalances, [line(0n, 10n)])
      yield* store.reserve(hold("2"), 60_000)
      assert.deepStrictEqual(yield* store.scopeBalances, [line(0n, 20n)])
    })
  )
})
