/**
 * The store of a journal in PostgreSQL. Each operation is one statement, and
 * leases expire by the clock of the server.
 *
 * A statement whose connection was lost may have been committed, and is sent
 * again: it must have the same result then. A claim whose answer was lost leaves
 * a lease that expires.
 */
import * as Effect from "effect/Effect"
import type {
  Append,
  Claim,
  Entry,
  EntryKind,
  Header,
  ResourceStatus,
  RunStatus,
  Store
} from "../../journal/internal/Store.ts"
import { name, type Query, type Result } from "./PostgresConnections.ts"
import { fromText, toText } from "./text.ts"

const statementsOf = (schema: string) => {
  const [run, resource, entry] = ["run", "resource", "entry"].map((table) => `"${schema}".journal_${table}`)
  return {
    // The row of the first process wins; the update makes the statement return it.
    open: `INSERT INTO ${run} AS r (run, kind, digest) VALUES ($1, $2, $3)
      ON CONFLICT (run) DO UPDATE SET run = r.run RETURNING kind, digest`,
    add: `INSERT INTO ${resource} (run, resource)
      SELECT $1, name FROM unnest($2::text[]) WITH ORDINALITY AS given (name, ordinal) ORDER BY ordinal ON CONFLICT DO NOTHING`,
    // Of a run with many resources, it reads those that are open: a join with them would read all.
    claim: (condition: string, locking: string) => `UPDATE ${resource}
      SET epoch = epoch + 1, until = clock_timestamp() + $2::float8 * interval '1 millisecond'
      WHERE run = $1 AND resource = ANY (ARRAY(SELECT resource FROM ${resource} WHERE run = $1 AND NOT completed
        AND until <= clock_timestamp() AND ${condition} ORDER BY ordinal LIMIT $4::int FOR NO KEY UPDATE ${locking}))
      RETURNING resource, epoch, ordinal`,
    renew: `UPDATE ${resource} SET until = clock_timestamp() + $4::float8 * interval '1 millisecond'
      WHERE run = $1 AND resource = $2 AND epoch = $3::int AND NOT completed`,
    // A write of this lease that is still on its way is refused. The second condition is what the statement has left.
    end: `UPDATE ${resource} SET until = '-infinity', completed = $4::boolean, epoch = $3::int + 1
      WHERE run = $1 AND resource = $2 AND (epoch = $3::int AND NOT completed
        OR epoch = $3::int + 1 AND completed = $4::boolean AND until = '-infinity')`,
    // The lock makes a claim wait: who has a new epoch reads all that was written in the old ones.
    append: (
      condition: string
    ) => `WITH claim AS (SELECT * FROM unnest($1::text[], $2::text[], $3::int[]) AS c (run, resource, epoch)),
      held AS (SELECT r.run, r.resource, r.epoch FROM ${resource} AS r JOIN claim USING (run, resource, epoch)
        WHERE NOT r.completed FOR SHARE OF r),
      added AS (INSERT INTO ${entry} (run, resource, key, kind, digest, body)
        SELECT run, resource, key, kind, digest, body FROM unnest($4::text[], $5::text[], $6::int[], $7::text[], $8::text[], $9::text[],
          $10::text[]) WITH ORDINALITY AS e (run, resource, epoch, key, kind, digest, body, ordinal)
        JOIN held USING (run, resource, epoch) WHERE ${condition} ORDER BY ordinal)
      SELECT run, resource, epoch FROM held`,
    isMissing: `NOT EXISTS (SELECT 1 FROM (SELECT kind, digest, body FROM ${entry} AS f WHERE f.run = e.run
      AND f.resource = e.resource AND f.key = e.key ORDER BY id DESC LIMIT 1) AS newest
      WHERE newest.kind = e.kind AND newest.digest = e.digest AND newest.body = e.body)`,
    read: `SELECT key, kind, digest, body FROM ${entry} WHERE run = $1 AND resource = $2 ORDER BY id`,
    run: `SELECT kind, digest, cancelled, (SELECT count(*)::int FROM ${entry} WHERE run = $1 AND kind = 'Result') AS calls
      FROM ${run} WHERE run = $1`,
    resources: `SELECT resource, epoch, CASE WHEN completed THEN 'Completed' WHEN until > clock_timestamp() THEN 'Leased' ELSE 'Waiting' END
      AS state FROM ${resource} WHERE run = $1 ORDER BY ordinal, resource`,
    count: `SELECT count(*)::int AS results FROM ${entry} WHERE run = $1 AND kind = 'Result' AND digest = $2`,
    isOver: `SELECT NOT EXISTS (SELECT 1 FROM ${run} WHERE run = $1 AND NOT cancelled)
      OR NOT EXISTS (SELECT 1 FROM ${resource} WHERE run = $1 AND NOT completed) AS over`,
    cancel: `UPDATE ${run} SET cancelled = true WHERE run = $1`
  }
}

const keyOf = (run: string, { epoch, resource }: Claim): string => JSON.stringify([run, resource, epoch])

/** The distinct claims of a batch, and the columns of its entries. */
const columnsOf = (batch: ReadonlyArray<Append>): ReadonlyArray<unknown> => {
  const claims = new Map(batch.map((one) => [keyOf(one.runId, one.claim), one]))
  const column = <A>(of: (append: Append) => A, appends: Iterable<Append> = batch) => Array.from(appends, of)
  const run = ({ runId }: Append) => toText(runId)
  const resource = ({ claim }: Append) => toText(claim.resource)
  const epoch = ({ claim }: Append) => claim.epoch
  return [
    column(run, claims.values()),
    column(resource, claims.values()),
    column(epoch, claims.values()),
    column(run),
    column(resource),
    column(epoch),
    column(({ entry }) => toText(entry.key)),
    column(({ entry }) => entry.kind),
    column(({ entry }) => toText(entry.digest)),
    column(({ entry }) => entry.body)
  ]
}

const headerOf = (row: Result["rows"][number]): Header => ({
  kind: fromText(String(row["kind"])),
  digest: fromText(String(row["digest"]))
})

const claimOf = (row: Result["rows"][number]): Claim => ({
  resource: fromText(String(row["resource"])),
  epoch: Number(row["epoch"])
})

const statusOf = (row: Result["rows"][number], resources: Result["rows"]): RunStatus => ({
  header: headerOf(row),
  isCancelled: row["cancelled"] === true,
  calls: Number(row["calls"]),
  resources: resources.map((one) => ({ ...claimOf(one), state: String(one["state"]) as ResourceStatus["state"] }))
})

/** A store on the tables of a schema. */
export const make = (query: Query, schema: string): Store => {
  const sql = statementsOf(schema)
  const claimAny = sql.claim("$3::text IS NULL", "SKIP LOCKED")
  // Whether one resource is free must not depend on a lock that another statement has for a moment.
  const claimOne = sql.claim("resource = $3", "")
  const append = sql.append("true")
  const appendMissing = sql.append(sql.isMissing)
  const isChanged = (operation: string, statement: string, params: ReadonlyArray<unknown>) =>
    Effect.map(query(operation, statement, params), ({ count }) => count === 1)
  return {
    name,
    open: (runId, header) =>
      Effect.map(query("open", sql.open, [runId, header.kind, header.digest].map(toText)), ({ rows: [row] }): Header =>
        row === undefined ? header : headerOf(row)
      ),
    add: (runId, resources) => Effect.asVoid(query("add", sql.add, [toText(runId), resources.map(toText)])),
    claim: (runId, { limit, resource, ttlMillis }) => {
      const only = resource === undefined ? null : toText(resource)
      const params = [toText(runId), ttlMillis, only, Math.min(limit, 2_147_483_647)]
      return Effect.map(query("claim", only === null ? claimAny : claimOne, params), ({ rows }) =>
        rows.toSorted((one, other) => Number(one["ordinal"]) - Number(other["ordinal"])).map(claimOf)
      )
    },
    renew: (runId, { epoch, resource }, ttlMillis) =>
      isChanged("renew a lease", sql.renew, [toText(runId), toText(resource), epoch, ttlMillis]),
    end: (runId, { epoch, resource }, isCompleted) =>
      isChanged("end a lease", sql.end, [toText(runId), toText(resource), epoch, isCompleted]),
    append: (batch) =>
      Effect.map(query("append", append, columnsOf(batch), appendMissing), ({ rows }) => {
        const held = new Set(rows.map((row) => keyOf(fromText(String(row["run"])), claimOf(row))))
        return batch.map(({ claim, runId }) => held.has(keyOf(runId, claim)))
      }),
    read: (runId, resource) =>
      Effect.map(query("read", sql.read, [toText(runId), toText(resource)]), ({ rows }) =>
        rows.map((row): Entry => ({
          key: fromText(String(row["key"])),
          kind: String(row["kind"]) as EntryKind,
          digest: fromText(String(row["digest"])),
          body: String(row["body"])
        }))
      ),
    status: (runId) =>
      Effect.flatMap(query("read the status", sql.run, [toText(runId)]), ({ rows: [row] }) =>
        row === undefined
          ? Effect.succeed(undefined)
          : Effect.map(query("read the status", sql.resources, [toText(runId)]), ({ rows }) => statusOf(row, rows))
      ),
    count: (runId, digest) =>
      Effect.map(query("read the status", sql.count, [runId, digest].map(toText)), ({ rows: [row] }) =>
        Number(row?.["results"])
      ),
    isOver: (runId) =>
      Effect.map(query("read the status", sql.isOver, [toText(runId)]), ({ rows: [row] }) => row?.["over"] === true),
    cancel: (runId) => Effect.asVoid(query("cancel", sql.cancel, [toText(runId)]))
  }
}
