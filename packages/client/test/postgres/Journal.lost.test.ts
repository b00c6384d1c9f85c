/** Connections that PostgreSQL or the network ends: what was not answered is sent again, and has its effect once. */
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/postgres/Journal"
import { Effect, Redacted, Schema } from "effect"
import { ownSchema, proxy, query, reachable, terminate, url } from "./support/postgres.ts"

const header = { kind: "test", digest: "1" }
const call = { key: "k", digest: "d", codec: Schema.Number }

/** Leases that are not renewed during a test, so that a test chooses the statement whose answer is lost. */
const lease = "10 minutes"

const make = (schema: string, more: Partial<Journal.PostgresOptions> = {}) =>
  Journal.makePostgres({ url: Redacted.make(url), schema, applicationName: schema, lease, ...more })

const throughProxy = Effect.gen(function* () {
  const server = yield* proxy
  const schema = yield* ownSchema
  const journal = yield* make(schema, { url: server.url, connections: 1 })
  return { journal, schema, server }
})

describe.skipIf(!reachable)("a journal whose connections end", () => {
  it.live("is used further when the server has ended all of its connections", () =>
    Effect.gen(function* () {
      const schema = yield* ownSchema
      const journal = yield* make(schema)
      yield* terminate(schema)
      assert.isUndefined(yield* journal.status("r"))
    })
  )

  it.live("records a result once when the answer was lost", () =>
    Effect.gen(function* () {
      const { journal, schema, server } = yield* throughProxy
      const run = yield* journal.run("r", header)
      yield* run.call(call, Effect.as(server.loseAnswer, 1))
      const { rows } = yield* query(`SELECT kind FROM ${schema}.journal_entry ORDER BY id`)
      assert.deepStrictEqual(rows, [{ kind: "Intent" }, { kind: "Result" }])
    })
  )

  it.live("records an intent that follows an equal one when the answer was lost", () =>
    Effect.gen(function* () {
      const { journal, schema, server } = yield* throughProxy
      const run = yield* journal.run("r", header)
      yield* Effect.flip(run.call(call, Effect.fail("refused")))
      yield* run.resolve(call, { _tag: "RunAgain" })
      yield* server.loseAnswer
      yield* run.call(call, Effect.succeed(1))
      const { rows } = yield* query(`SELECT kind FROM ${schema}.journal_entry ORDER BY id`)
      assert.deepStrictEqual(rows, [{ kind: "Intent" }, { kind: "Retry" }, { kind: "Intent" }, { kind: "Result" }])
    })
  )

  it.live("completes a resource when the answer was lost", () =>
    Effect.gen(function* () {
      const { journal, server } = yield* throughProxy
      const run = yield* journal.run("r", header)
      yield* server.loseAnswer
      yield* run.complete
      const status = yield* journal.status("r")
      assert.deepStrictEqual(
        status?.resources.map(({ state }) => state),
        ["Completed"]
      )
    })
  )

  it.live("claims another resource when the answer was lost", () =>
    Effect.gen(function* () {
      const { journal, server } = yield* throughProxy
      const worker = yield* journal.join("r", header)
      yield* worker.add(["a", "b"])
      yield* server.loseAnswer
      const claims = yield* worker.claim({ limit: 1 })
      assert.deepStrictEqual(
        claims.map(({ resource }) => resource),
        ["b"]
      )
    })
  )
})
