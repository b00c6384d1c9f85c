import { join } from "node:path"
import { describe, it } from "@effect/vitest"
import { JournalContract } from "@kimi-effect/testing/contract"
import { Effect, Layer } from "effect"
import * as Journal from "../../src/node/Journal.ts"
import * as PostgresJournal from "../../src/postgres/Journal.ts"
import { folder } from "../node/support/files.ts"
import { ownSchema, reachable, url } from "../postgres/support/postgres.ts"

const { lease } = JournalContract

describe("a journal in memory", () => {
  JournalContract.suite(it, Journal.layerMemory({ lease }))
})

describe("a journal in SQLite", () => {
  const layer = Effect.map(folder, (path) => Journal.layerSqlite({ filename: join(path, "journal.db"), lease }))
  JournalContract.suite(it, Layer.unwrap(layer))
})

describe.skipIf(!reachable)("a journal in PostgreSQL", () => {
  const layer = Effect.map(ownSchema, (schema) =>
    PostgresJournal.layerPostgres({ url, schema, lease, timeout: "1 minute", connectTimeout: "1 minute" })
  )
  JournalContract.suite(it, Layer.unwrap(layer), { clock: "Server" })
})
