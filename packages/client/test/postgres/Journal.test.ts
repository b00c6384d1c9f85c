import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/postgres/Journal"
import { Effect, Exit, Fiber, Redacted, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { ownSchema, proxy, query, reachable, url } from "./support/postgres.ts"

const header = { kind: "test", digest: "1" }
const options = { key: "k", digest: "d", codec: Schema.Number }

const make = (schema: string, more: Partial<Journal.PostgresOptions> = {}) =>
  Journal.makePostgres({ url: Redacted.make(url), schema, ...more })

/** Lets time pass until an effect ends that the server does not answer. Before it, no time passes, however long the server takes. */
const passing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) {
      yield* TestClock.adjust("100 millis")
      yield* Effect.yieldNow
    }
    return yield* Fiber.join(fiber)
  })

describe.skipIf(!reachable)("Journal.layerPostgres", () => {
  it.live("creates its tables once when several processes start at the same time", () =>
    Effect.gen(function* () {
      const schema = yield* ownSchema
      yield* Effect.all(
        Array.from({ length: 8 }, () => make(schema)),
        { concurrency: "unbounded" }
      )
      const { rows } = yield* query(`SELECT version FROM ${schema}.journal_version`)
      assert.deepStrictEqual(rows, [{ version: 1 }])
    })
  )

  it.live("leaves tables of another version as they are", () =>
    Effect.gen(function* () {
      const schema = yield* ownSchema
      yield* make(schema)
      yield* query(`UPDATE ${schema}.journal_version SET version = 9`)
      const error = yield* Effect.flip(make(schema))
      assert.include(error.message, "version 9")
    })
  )

  it.live("leases each resource to one of several processes that claim at the same time", () =>
    Effect.gen(function* () {
      const schema = yield* ownSchema
      const journals = yield* Effect.forEach([1, 2, 3, 4], () => make(schema))
      const workers = yield* Effect.forEach(journals, (journal) => journal.join("r", header))
      const names = Array.from({ length: 40 }, (_, index) => `agent ${index}`)
      for (const worker of workers) yield* worker.add(names)
      const claims = yield* Effect.forEach(
        [...workers, ...workers, ...workers],
        (worker) => worker.claim({ limit: 5 }),
        { concurrency: "unbounded" }
      )
      const claimed = claims.flat().map(({ resource }) => resource)
      assert.strictEqual(new Set(claimed).size, claimed.length)
    })
  )

  it.live("writes nothing of an old epoch while another process reads", () =>
    Effect.gen(function* () {
      const schema = yield* ownSchema
      const [one, other] = [yield* make(schema), yield* make(schema)]
      const [old] = yield* (yield* Effect.tap(one.join("r", header), (worker) => worker.add(["a"]))).claim({ limit: 1 })
      if (old === undefined) return assert.fail("no lease")
      yield* query(`UPDATE ${schema}.journal_resource SET until = now()`)
      const calls = Array.from({ length: 50 }, (_, index) =>
        Effect.exit(old.call({ ...options, key: `${index}` }, Effect.succeed(index)))
      )
      // A claim passes over a resource that a write holds.
      const claim = Effect.flatMap(other.join("r", header), (worker) =>
        Effect.repeat(worker.claim({ limit: 1 }), { until: ({ length }) => length === 1 })
      )
      const [exits, [current]] = yield* Effect.all([Effect.all(calls, { concurrency: 10 }), claim], {
        concurrency: "unbounded"
      })
      if (current === undefined) return assert.fail("no second lease")
      for (const [index, exit] of exits.entries()) {
        const read = current.call({ ...options, key: `${index}`, isIdempotent: true }, Effect.succeed(-1))
        assert.strictEqual(yield* read, Exit.isSuccess(exit) ? index : -1)
      }
    })
  )

  it.effect("fails with JournalStoreError when the server does not answer", () =>
    Effect.gen(function* () {
      const server = yield* proxy
      const journal = yield* make(yield* ownSchema, { url: server.url, timeout: "1 second" })
      yield* server.hang
      const error = yield* passing(Effect.flip(journal.status("r")))
      assert.strictEqual(error._tag, "JournalStoreError")
    })
  )

  it.effect("closes while the server does not answer", () =>
    Effect.gen(function* () {
      const server = yield* proxy
      const schema = yield* ownSchema
      const scope = yield* Scope.make()
      const journal = yield* Scope.provide(make(schema, { url: server.url, timeout: "1 second" }), scope)
      yield* Scope.provide(journal.run("r", header), scope)
      yield* server.hang
      yield* passing(Scope.close(scope, Exit.void))
    })
  )

  it.effect("replaces connections that stay silent", () =>
    Effect.gen(function* () {
      const server = yield* proxy
      const schema = yield* ownSchema
      const journal = yield* make(schema, { url: server.url, timeout: "1 second", connections: 1 })
      yield* server.hang
      yield* passing(Effect.flip(journal.status("r")))
      assert.isUndefined(yield* journal.status("r"))
    })
  )

  it.live("waits for a server that restarts", () =>
    Effect.gen(function* () {
      const server = yield* proxy
      const journal = yield* make(yield* ownSchema, { url: server.url, connections: 1 })
      yield* server.end
      yield* Effect.forkChild(Effect.delay(server.accept, "100 millis"))
      assert.isUndefined(yield* journal.status("r"))
    })
  )

  it.live("fails at once for an address without a server", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Journal.makePostgres({ url: "postgres://root@127.0.0.1:1/test" }))
      assert.include(error.message, "ECONNREFUSED")
    })
  )

  it.live("names every invalid option", () =>
    Effect.gen(function* () {
      const invalid = { url: "http://127.0.0.1", schema: 'a"b', connections: 0, connectTimeout: "0 millis" } as const
      const error = yield* Effect.flip(Journal.makePostgres(invalid))
      const names = error._tag === "ConfigurationError" ? error.issues.map(({ name }) => name) : []
      assert.deepStrictEqual(
        names,
        ["url", "schema", "connections", "connectTimeout"].map((name) => `Journal ${name}`)
      )
    })
  )

  it.live("has no password in its errors", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Journal.makePostgres({ url: "postgres://nobody:sesame@127.0.0.1:5432/none" }))
      assert.notInclude(JSON.stringify(error) + String(error), "sesame")
    })
  )
})

describe("a schema that PostgreSQL reserves", () => {
  it.live.each(["pg_team", "pg_catalog", "information_schema"])("is refused without a connection, as %s", (schema) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Journal.makePostgres({ url: "postgres://127.0.0.1:9/none", schema }))
      assert.deepStrictEqual(error._tag === "ConfigurationError" && error.issues.map(({ name }) => name), [
        "Journal schema"
      ])
    })
  )

  it.live.skipIf(!reachable)("is not one that begins with PG_ in capitals", () =>
    Effect.gen(function* () {
      const schema = `PG_${yield* ownSchema}`
      yield* Effect.addFinalizer(() => Effect.ignore(query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`)))
      yield* make(schema)
    })
  )
})
