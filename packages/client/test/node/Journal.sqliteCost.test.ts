import { join } from "node:path"
import { DatabaseSync, type SQLInputValue, StatementSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/node/Journal"
import { Effect } from "effect"
import { vi } from "vitest"
import { folder } from "./support/files.ts"

/** The statements that are executed from now on. */
const executed = Effect.acquireRelease(
  Effect.sync(() => {
    const statements: Array<string> = []
    const spies = (["all", "get", "run"] as const).map((name) => {
      const execute: (...params: Array<SQLInputValue>) => unknown = StatementSync.prototype[name]
      const record = function (this: StatementSync, ...params: Array<SQLInputValue>) {
        statements.push(this.sourceSQL)
        return execute.apply(this, params)
      }
      return vi.spyOn(StatementSync.prototype, name).mockImplementation(record as never)
    })
    return { statements, spies }
  }),
  ({ spies }) => Effect.sync(() => spies.forEach((spy) => spy.mockRestore()))
).pipe(Effect.map(({ statements }) => statements))

const planOf = (db: DatabaseSync, statement: string) =>
  db
    .prepare(`EXPLAIN QUERY PLAN ${statement}`)
    .all()
    .map(({ detail }) => String(detail))

describe("a journal in SQLite", () => {
  it.live("reads the resources of a run once to add many", () =>
    Effect.gen(function* () {
      const filename = join(yield* folder, "journal.db")
      const journal = yield* Journal.makeSqlite({ filename })
      const worker = yield* journal.join("r", { kind: "test", digest: "1" })
      const statements = yield* executed
      yield* worker.add(Array.from({ length: 50 }, (_, index) => `${index}`))
      const ran = [...statements]
      const db = new DatabaseSync(filename)
      const reads = ran.filter((one) => planOf(db, one).some((detail) => /journal_resource/.test(detail)))
      db.close()
      assert.isAbove(ran.length, 50)
      assert.lengthOf(reads, 1)
    }).pipe(Effect.scoped)
  )

  it.live("reads only open resources of a run to claim any of them", () =>
    Effect.gen(function* () {
      const filename = join(yield* folder, "journal.db")
      const journal = yield* Journal.makeSqlite({ filename })
      const worker = yield* journal.join("r", { kind: "test", digest: "1" })
      yield* worker.add(["a", "b"])
      const statements = yield* executed
      yield* worker.claim({ limit: 1 })
      const claim = statements.find((one) => one.startsWith("UPDATE"))
      const db = new DatabaseSync(filename)
      const plan = planOf(db, claim ?? "")
      db.close()
      assert.lengthOf(
        plan.filter((detail) => detail.includes("USING INDEX journal_resource_open (run=?)")),
        1
      )
      assert.notInclude(plan.join(), "TEMP B-TREE")
    }).pipe(Effect.scoped)
  )

  it.live("reads one resource to claim it", () =>
    Effect.gen(function* () {
      const filename = join(yield* folder, "journal.db")
      const journal = yield* Journal.makeSqlite({ filename })
      const worker = yield* journal.join("r", { kind: "test", digest: "1" })
      yield* worker.add(["a", "b"])
      const statements = yield* executed
      yield* worker.claim({ limit: 1, resource: "b" })
      const claim = statements.find((one) => one.startsWith("UPDATE"))
      const db = new DatabaseSync(filename)
      const reads = planOf(db, claim ?? "").filter((detail) => detail.includes("journal_resource"))
      db.close()
      assert.lengthOf(reads, 2)
      for (const read of reads) assert.include(read, "(run=? AND resource=?)")
    }).pipe(Effect.scoped)
  )

  it.live("reads no entry to find whether a run is over", () =>
    Effect.gen(function* () {
      const journal = yield* Journal.makeSqlite({ filename: join(yield* folder, "journal.db") })
      const statements = yield* executed
      yield* journal.isOver("r")
      assert.lengthOf(statements, 1)
      assert.notInclude(statements[0], "journal_entry")
    }).pipe(Effect.scoped)
  )
})
