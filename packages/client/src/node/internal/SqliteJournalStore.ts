/**
 * The store of a journal in one SQLite file. Leases are compared with the time
 * of day, since processes share no other clock; an epoch protects the entries
 * when it jumps.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { storeError } from "../../journal/internal/GroupCommit.ts"
import type { Claim, Entry, EntryKind, Header, ResourceStatus, Store } from "../../journal/internal/Store.ts"
import * as FileFailure from "./FileFailure.ts"
import { named } from "./sqlColumns.ts"
import { busyCodes, codeOf, inTransaction, open, pragma, restrict } from "./SqliteDatabase.ts"

const name = "sqlite"
/** "KJRN", which identifies the files of this library. */
const applicationId = 0x4b_4a_52_4e
const schemaVersion = 1

const schema = `
CREATE TABLE journal_run (run TEXT PRIMARY KEY, kind TEXT NOT NULL, digest TEXT NOT NULL, cancelled INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TABLE journal_resource (run TEXT NOT NULL, resource TEXT NOT NULL, ordinal INTEGER NOT NULL, epoch INTEGER NOT NULL DEFAULT 0,
  until INTEGER NOT NULL DEFAULT 0, completed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (run, resource)) STRICT, WITHOUT ROWID;
CREATE INDEX journal_resource_open ON journal_resource (run, ordinal) WHERE completed = 0;
CREATE TABLE journal_entry (id INTEGER PRIMARY KEY, run TEXT NOT NULL, resource TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL,
  digest TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX journal_entry_resource ON journal_entry (run, resource);
PRAGMA application_id = ${applicationId};
PRAGMA user_version = ${schemaVersion};`

/** Files of earlier versions do not have it: without it, all resources of a run are read to find where further ones begin. */
const ordinalIndex = "CREATE INDEX IF NOT EXISTS journal_resource_ordinal ON journal_resource (run, ordinal)"

/** Whether there are no tables yet; throws when they are not ours. */
const isEmpty = (db: DatabaseSync): boolean => {
  const isNew = db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"] === 0
  if (isNew && pragma(db, "application_id") === 0) return true
  if (pragma(db, "application_id") !== applicationId || pragma(db, "user_version") !== schemaVersion) {
    throw new FileFailure.UnusablePathError(
      "it is of another application or version and is left as it is; set another path"
    )
  }
  return false
}

const connect = (path: string, durability: "process" | "power"): DatabaseSync => {
  const db = open(path)
  try {
    isEmpty(db)
    restrict(path)
    db.exec("PRAGMA journal_mode = WAL")
    db.exec(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`)
    inTransaction(db, () => {
      if (isEmpty(db)) db.exec(schema)
      db.exec(ordinalIndex)
    })
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

interface Failure {
  readonly isBusy: boolean
  /** SQLite's own message, which contains no content. */
  readonly reason: string
}

const failureOf = (error: unknown): Failure => {
  if (!(error instanceof Error)) return { isBusy: false, reason: "unknown" }
  const code = codeOf(error)
  if (code === undefined) return { isBusy: false, reason: FileFailure.reasonOf(error) }
  const text = "errstr" in error && typeof error.errstr === "string" ? error.errstr : `error ${code}`
  return { isBusy: busyCodes.has(code), reason: text }
}

/** Waits for other processes outside of statements. The journal bounds the wait. */
const attempt = <A>(path: string, operation: string, run: () => A): Effect.Effect<A, JournalStoreError> =>
  Effect.try({ try: run, catch: failureOf }).pipe(
    Effect.retry({ while: ({ isBusy }) => isBusy, schedule: Schedule.jittered(Schedule.spaced("4 millis")) }),
    Effect.mapError(({ reason }) => storeError(name, operation, `${reason} (${path})`))
  )

const stateOf = (row: Readonly<Record<string, unknown>>, now: number): ResourceStatus["state"] => {
  if (row["completed"] === 1) return "Completed"
  return Number(row["until"]) > now ? "Leased" : "Waiting"
}

/** Of a run with many resources, it reads those that are open. SQLite would take the other index, which has all. */
const openResources = "journal_resource INDEXED BY journal_resource_open"

/** Leases the first free resources of a run. */
const claimOf = (condition: string, resources: string): string =>
  `UPDATE journal_resource SET epoch = epoch + 1, until = ?1 WHERE run = ?2 AND resource IN (
     SELECT resource FROM ${resources} WHERE run = ?2 AND completed = 0 AND until <= ?3 AND ${condition}
     ORDER BY ordinal LIMIT ?5) RETURNING ${named("resource", "epoch", "ordinal")}`

const statementsOf = (
  db: DatabaseSync
): Readonly<
  Record<
    | "open"
    | "run"
    | "nextOrdinal"
    | "add"
    | "claimAny"
    | "claimOne"
    | "renew"
    | "end"
    | "append"
    | "read"
    | "resources"
    | "isOver"
    | "calls"
    | "count"
    | "cancel",
    StatementSync
  >
> => ({
  open: db.prepare("INSERT INTO journal_run (run, kind, digest) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"),
  run: db.prepare(`SELECT ${named("kind", "digest", "cancelled")} FROM journal_run WHERE run = ?`),
  nextOrdinal: db.prepare("SELECT coalesce(max(ordinal) + 1, 0) AS n FROM journal_resource WHERE run = ?"),
  add: db.prepare("INSERT INTO journal_resource (run, resource, ordinal) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"),
  claimAny: db.prepare(claimOf("?4 IS NULL", openResources)),
  claimOne: db.prepare(claimOf("resource = ?4", "journal_resource")),
  renew: db.prepare(
    "UPDATE journal_resource SET until = ? WHERE run = ? AND resource = ? AND epoch = ? AND completed = 0"
  ),
  end: db.prepare(
    // A write of this lease that is still on its way is refused.
    `UPDATE journal_resource SET until = 0, completed = ?, epoch = epoch + 1
     WHERE run = ? AND resource = ? AND epoch = ? AND completed = 0`
  ),
  append: db.prepare(
    `INSERT INTO journal_entry (run, resource, key, kind, digest, body) SELECT ?1, ?2, ?3, ?4, ?5, ?6
     WHERE EXISTS (SELECT 1 FROM journal_resource WHERE run = ?1 AND resource = ?2 AND epoch = ?7 AND completed = 0)`
  ),
  read: db.prepare(
    `SELECT ${named("key", "kind", "digest", "body")} FROM journal_entry WHERE run = ? AND resource = ? ORDER BY id`
  ),
  resources: db.prepare(
    `SELECT ${named("resource", "epoch", "until", "completed")} FROM journal_resource WHERE run = ? ORDER BY ordinal`
  ),
  isOver: db.prepare(
    `SELECT NOT EXISTS (SELECT 1 FROM journal_run WHERE run = ?1 AND cancelled = 0)
       OR NOT EXISTS (SELECT 1 FROM ${openResources} WHERE run = ?1 AND completed = 0) AS n`
  ),
  calls: db.prepare("SELECT count(*) AS n FROM journal_entry WHERE run = ? AND kind = 'Result'"),
  count: db.prepare("SELECT count(*) AS n FROM journal_entry WHERE run = ? AND kind = 'Result' AND digest = ?"),
  cancel: db.prepare("UPDATE journal_run SET cancelled = 1 WHERE run = ?")
})

/** A store on the file of a path, which is open until the scope closes. */
export const make = (
  path: string,
  durability: "process" | "power"
): Effect.Effect<Store, JournalStoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const now = (): number => clock.currentTimeMillisUnsafe()
    // The column holds whole numbers only.
    const expiry = (ttlMillis: number): number => Math.ceil(now() + ttlMillis)
    const db = yield* Effect.acquireRelease(
      attempt(path, "open", () => connect(path, durability)),
      (opened) => Effect.sync(() => opened.close())
    )
    const sql = yield* attempt(path, "open", () => statementsOf(db))
    const change = <A>(operation: string, run: () => A) => attempt(path, operation, () => inTransaction(db, run))
    const headerOf = (runId: string): (Header & { readonly isCancelled: boolean }) | undefined => {
      const row = sql.run.get(runId)
      return row && { kind: String(row["kind"]), digest: String(row["digest"]), isCancelled: row["cancelled"] === 1 }
    }
    return {
      name,
      open: (runId, header) =>
        change("open", () => {
          sql.open.run(runId, header.kind, header.digest)
          const { digest, kind } = headerOf(runId) ?? header
          return { digest, kind }
        }),
      add: (runId, resources) =>
        change("add", () => {
          let ordinal = Number(sql.nextOrdinal.get(runId)?.["n"])
          for (const resource of resources) ordinal += Number(sql.add.run(runId, resource, ordinal).changes)
        }),
      claim: (runId, { limit, resource, ttlMillis }) =>
        change("claim", () =>
          (resource === undefined ? sql.claimAny : sql.claimOne)
            .all(expiry(ttlMillis), runId, now(), resource ?? null, limit)
            .toSorted((a, b) => Number(a["ordinal"]) - Number(b["ordinal"]))
            .map((row): Claim => ({ resource: String(row["resource"]), epoch: Number(row["epoch"]) }))
        ),
      renew: (runId, { epoch, resource }, ttlMillis) =>
        attempt(path, "renew a lease", () => sql.renew.run(expiry(ttlMillis), runId, resource, epoch).changes === 1),
      end: (runId, { epoch, resource }, isCompleted) =>
        attempt(path, "end a lease", () => sql.end.run(isCompleted ? 1 : 0, runId, resource, epoch).changes === 1),
      append: (batch) =>
        change("append", () =>
          batch.map(
            ({ claim: { epoch, resource }, entry: { body, digest, key, kind }, runId }) =>
              sql.append.run(runId, resource, key, kind, digest, body, epoch).changes === 1
          )
        ),
      read: (runId, resource) =>
        attempt(path, "read", () =>
          sql.read.all(runId, resource).map((row): Entry => ({
            key: String(row["key"]),
            kind: String(row["kind"]) as EntryKind,
            digest: String(row["digest"]),
            body: String(row["body"])
          }))
        ),
      status: (runId) =>
        attempt(path, "read the status", () => {
          const found = headerOf(runId)
          if (found === undefined) return undefined
          const { isCancelled, ...header } = found
          const at = now()
          return {
            header,
            isCancelled,
            calls: Number(sql.calls.get(runId)?.["n"]),
            resources: sql.resources.all(runId).map((row) => ({
              resource: String(row["resource"]),
              epoch: Number(row["epoch"]),
              state: stateOf(row, at)
            }))
          }
        }),
      count: (runId, digest) => attempt(path, "read the status", () => Number(sql.count.get(runId, digest)?.["n"])),
      isOver: (runId) => attempt(path, "read the status", () => sql.isOver.get(runId)?.["n"] === 1),
      cancel: (runId) => Effect.asVoid(attempt(path, "cancel", () => sql.cancel.run(runId)))
    }
  })
