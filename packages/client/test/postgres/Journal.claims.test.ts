import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/postgres/Journal"
import * as PgConnection from "@effect/sql-pg/PgConnection"
import { Effect, Redacted } from "effect"
import * as PostgresJournalStore from "../../src/postgres/internal/PostgresJournalStore.ts"
import { ownSchema, reachable, url } from "./support/postgres.ts"

/** The statement of a claim. */
const statementOf = (schema: string, resource: string | undefined) =>
  Effect.gen(function* () {
    let statement = ""
    const store = PostgresJournalStore.make((_, sql) => {
      statement = sql
      return Effect.succeed({ rows: [], count: 0 })
    }, schema)
    yield* store.claim("r", { limit: 1, ttlMillis: 1000, resource })
    return statement
  })

/** How the server executes a claim, of which it does not know the parameters, in a run with 5,000 resources. */
const planOf = (resource: string | undefined) =>
  Effect.gen(function* () {
    const schema = yield* ownSchema
    const journal = yield* Journal.makePostgres({ url: Redacted.make(url), schema })
    yield* journal.join("r", { kind: "test", digest: "1" })
    const { query } = yield* PgConnection.make({ url: Redacted.make(url) })
    const resources = `${schema}.journal_resource`
    yield* query(
      `INSERT INTO ${resources} (run, resource, completed) SELECT 'r', n::text, n < 4900 FROM generate_series(1, 5000) AS n`
    )
    yield* query(`ANALYZE ${resources}`)
    yield* query("SET plan_cache_mode = force_generic_plan")
    yield* query(`PREPARE claim AS ${yield* statementOf(schema, resource)}`)
    const given = resource === undefined ? "NULL" : `'${resource}'`
    const { rows } = yield* query(`EXPLAIN EXECUTE claim('r', 1000, ${given}, 1)`)
    return rows.map((row) => String(row["QUERY PLAN"])).join("\n")
  })

describe.skipIf(!reachable)("a claim in PostgreSQL", () => {
  it.live("reads open resources of a run in their order", () =>
    Effect.gen(function* () {
      const plan = yield* planOf(undefined)
      assert.include(plan, "Index Scan using journal_resource_open")
      assert.notInclude(plan, "Sort")
      assert.notInclude(plan, "Seq Scan")
    })
  )

  it.live("reads the resource that is wanted", () =>
    Effect.gen(function* () {
      const plan = yield* planOf("4950")
      assert.match(plan, /Index Cond: \(\(run = \$1\) AND \(resource = \$3\)\)/)
      assert.notInclude(plan, "Seq Scan")
    })
  )
})
