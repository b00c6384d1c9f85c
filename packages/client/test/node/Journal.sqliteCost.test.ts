import { join } from "node:path"
import { DatabaseSync, type SQLInputValue, StatementSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/node/Journal"
import { Effect, type Scope } from "effect"
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

/** The statements of a use of a run with two resources, and how the file executes them. */
const plansOf = <A, E>(
  use: (journal: Journal.Journal["Service"], worker: Journal.Worker) => Effect.Effect<A, E, Scope.Scope>
) =>
  Effect.gen(function* () {
    const filename = join(yield* folder, "journal.db")
    const journal = yield* Journal.makeSqlite({ filename })
    const worker = yield* journal.join("r", { kind: "test", digest: "1" })
    yield* worker.add(["a", "b"])
    const statements = yield* executed
    yield* use(journal, worker)
    const ran = [...statements]
    const db = new DatabaseSync(filename)
    const plans = ran.map((statement) => ({ statement, plan: planOf(db, statement) }))
    db.close()
    return plans
  })

/** The plan of the claim among the statements. */
const claimOf = (plans: Effect.Success<ReturnType<typeof plansOf>>): ReadonlyArray<string> =>
  plans.find(({ statement }) => statement.startsWith("UPDATE"))?.plan ?? []

const readsOf = (plan: ReadonlyArray<string>) => plan.filter((detail) => detail.includes("journal_resource"))

describe("a journal in SQLite", () => {
  it.live("finds once where further resources of a run begin", () =>
    Effect.gen(function* () {
      const plans = yield* plansOf((_, worker) => worker.add(Array.from({ length: 50 }, (_, index) => `${index}`)))
      const reads = plans.flatMap(({ plan }) => readsOf(plan))
      assert.isAbove(plans.length, 50)
      // The last entry of an index.
      assert.deepStrictEqual(reads, ["SEARCH journal_resource USING COVERING INDEX journal_resource_ordinal (run=?)"])
    }).pipe(Effect.scoped)
  )

  it.live("finds where further resources begin in a file of an earlier version", () =>
    Effect.gen(function* () {
      const filename = join(yield* folder, "journal.db")
      yield* Effect.scoped(Journal.makeSqlite({ filename }))
      const earlier = new DatabaseSync(filename)
      earlier.exec("DROP INDEX journal_resource_ordinal")
      earlier.close()
      yield* Effect.scoped(Journal.makeSqlite({ filename }))
      const db = new DatabaseSync(filename)
      const plan = planOf(db, "SELECT max(ordinal) FROM journal_resource WHERE run = 'r'")
      db.close()
      assert.include(plan.join(), "journal_resource_ordinal")
    }).pipe(Effect.scoped)
  )

  it.live("reads only open resources of a run to claim any of them", () =>
    Effect.gen(function* () {
      const plan = claimOf(yield* plansOf((_, worker) => worker.claim({ limit: 1 })))
      assert.lengthOf(
        plan.filter((detail) => detail.includes("USING INDEX journal_resource_open (run=?)")),
        1
      )
      assert.notInclude(plan.join(), "TEMP B-TREE")
    }).pipe(Effect.scoped)
  )

  it.live("reads one resource to claim it", () =>
    Effect.gen(function* () {
      const reads = readsOf(claimOf(yield* plansOf((_, worker) => worker.claim({ limit: 1, resource: "b" }))))
      assert.lengthOf(reads, 2)
      for (const read of reads) assert.include(read, "(run=? AND resource=?)")
    }).pipe(Effect.scoped)
  )

  it.live("reads only open resources to find whether a run is over", () =>
    Effect.gen(function* () {
      const [over, ...others] = yield* plansOf((journal) => journal.isOver("r"))
      assert.lengthOf(others, 0)
      assert.notInclude(over?.statement, "journal_entry")
      assert.include(over?.plan.join(), "INDEX journal_resource_open (run=?)")
    }).pipe(Effect.scoped)
  )
})
