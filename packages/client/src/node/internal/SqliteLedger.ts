/**
 * The ledger of a budget in SQLite tables. All operations are synchronous, throw
 * what SQLite throws, and must run in a transaction.
 *
 * Several processes use a file, so leases end by the time of day, which may be set
 * forward while calls run. A lease that has expired is therefore extended once by
 * its own length, and charged only when it expires again. Leases are renewed three
 * times in their length, by timers that do not depend on the time of day, so that
 * a reservation in use is charged only if the clock is set forward twice between
 * two renewals.
 *
 * @since 0.1.0
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"
import * as Amount from "@kimi-effect/core/internal/Amount"
import type { SpentChange, Hold, ScopeBalance, ReserveResult } from "@kimi-effect/core/internal/Ledger"
import { named } from "./sqlColumns.ts"

/** `kimB`, the application id of our databases. */
export const applicationId = 0x6b_69_6d_42

/** The version of the tables. */
export const schemaVersion = 3

const chargedTable = `
  CREATE TABLE charged (
    id TEXT PRIMARY KEY,
    amount INTEGER NOT NULL,
    scopes TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`

export const schema = `
  CREATE TABLE balances (
    scope TEXT PRIMARY KEY,
    cap INTEGER NOT NULL,
    spent INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    forget_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX balances_forget_at ON balances (forget_at) WHERE forget_at IS NOT NULL;
  CREATE TABLE holds (
    id TEXT PRIMARY KEY,
    amount INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    scopes TEXT NOT NULL,
    lease INTEGER NOT NULL,
    is_overdue INTEGER NOT NULL DEFAULT 0,
    is_correctable INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX holds_expires_at ON holds (expires_at);
  ${chargedTable}
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

const withCorrections = `
  ALTER TABLE holds ADD COLUMN is_correctable INTEGER NOT NULL DEFAULT 0;
  ${chargedTable}
  PRAGMA user_version = ${schemaVersion};
`

/** From the tables of earlier versions to these. */
export const migrations: ReadonlyMap<unknown, string> = new Map([
  [
    1,
    `
  ALTER TABLE holds ADD COLUMN lease INTEGER NOT NULL DEFAULT 60000;
  ALTER TABLE holds ADD COLUMN is_overdue INTEGER NOT NULL DEFAULT 0;
  ${withCorrections}`
  ],
  [2, withCorrections]
])

/** How long what was charged in full can be corrected: hosts keep the results of a batch for a shorter time. */
const correctableMillis = 90 * 86_400_000

/** Operations of the ledger within one transaction. Times are Unix milliseconds. */
export interface SqliteLedger {
  readonly reserve: (hold: Hold, now: number, leaseMillis: number) => ReserveResult
  readonly settle: (id: string, used: bigint) => ReadonlyArray<SpentChange>
  readonly renew: (ids: ReadonlyArray<string>, now: number, leaseMillis: number) => void
  /** Charges reservations whose lease has expired twice in full. */
  readonly settleExpired: (now: number) => ReadonlyArray<SpentChange>
  /** Removes scopes that have ended. */
  readonly forget: (now: number) => void
  readonly scopeBalances: () => ReadonlyArray<ScopeBalance>
}

const expectBigInt = (value: unknown): bigint => {
  if (typeof value !== "bigint") throw new TypeError("The ledger contains a value that is not an amount")
  return value
}

const expectString = (value: unknown): string => {
  if (typeof value !== "string") throw new TypeError("The ledger contains a value that is not a name")
  return value
}

const balanceOf = (row: Record<string, unknown>): ScopeBalance => ({
  scope: expectString(row["scope"]),
  cap: expectBigInt(row["cap"]),
  spent: expectBigInt(row["spent"]),
  reserved: expectBigInt(row["reserved"])
})

const scopesOf = (json: unknown): ReadonlyArray<string> => {
  const scopes: unknown = JSON.parse(expectString(json))
  return Array.isArray(scopes) ? scopes.map(expectString) : []
}

type Row = Record<string, unknown>

const statementsOf =
  (db: DatabaseSync) =>
  (sql: string): StatementSync => {
    const statement = db.prepare(sql)
    statement.setReadBigInts(true)
    return statement
  }

/** What was charged in full when a lease ended, and may be corrected. */
const lateCharges = (prepare: (sql: string) => StatementSync) => {
  const found = prepare(`SELECT ${named("id", "amount", "scopes")} FROM charged WHERE id = ?`)
  const insert = prepare("INSERT OR REPLACE INTO charged (id, amount, scopes, expires_at) VALUES (?, ?, ?, ?)")
  const remove = prepare("DELETE FROM charged WHERE id = ?")
  const forget = prepare("DELETE FROM charged WHERE expires_at <= ?")
  const line = prepare(`SELECT ${named("scope", "cap", "spent", "reserved")} FROM balances WHERE scope = ?`)
  const correctIn = prepare("UPDATE balances SET spent = ? WHERE scope = ?")
  return {
    has: (id: string): boolean => found.get(id) !== undefined,
    keep: ({ amount, id, scopes }: Row, now: number): void =>
      void insert.run(expectString(id), expectBigInt(amount), expectString(scopes), now + correctableMillis),
    correct: (id: string, used: bigint): ReadonlyArray<SpentChange> => {
      const row = found.get(id)
      if (row === undefined) return []
      remove.run(id)
      const amount = expectBigInt(row["amount"])
      return scopesOf(row["scopes"]).flatMap((scope): ReadonlyArray<SpentChange> => {
        const balance = line.get(scope)
        if (balance === undefined) return []
        const { cap, spent: before } = balanceOf(balance)
        const spent = Amount.corrected(before, amount, used)
        correctIn.run(spent, scope)
        return [{ scope, cap, spentBefore: before, spent }]
      })
    },
    forget: (now: number): void => void forget.run(now)
  }
}

/** Prepares the statements of a database with tables. */
export const make = (db: DatabaseSync): SqliteLedger => {
  const prepare = statementsOf(db)
  const late = lateCharges(prepare)
  const held = prepare(`SELECT ${named("id", "amount", "scopes")} FROM holds WHERE id = ?`)
  const expired = prepare(
    `SELECT ${named("id", "amount", "scopes", "is_overdue", "is_correctable")} FROM holds WHERE expires_at <= ?`
  )
  const insertHold = prepare(
    "INSERT INTO holds (id, amount, expires_at, scopes, lease, is_correctable) VALUES (?, ?, ?, ?, ?, ?)"
  )
  const removeHold = prepare("DELETE FROM holds WHERE id = ?")
  const renewHold = prepare("UPDATE holds SET expires_at = ?, lease = ?, is_overdue = 0 WHERE id = ?")
  const extendHold = prepare("UPDATE holds SET expires_at = ? + lease, is_overdue = 1 WHERE id = ?")
  const line = prepare(`SELECT ${named("scope", "cap", "spent", "reserved")} FROM balances WHERE scope = ?`)
  const all = prepare(`SELECT ${named("scope", "cap", "spent", "reserved")} FROM balances ORDER BY scope`)
  const reserveIn = prepare(`
    INSERT INTO balances (scope, cap, spent, reserved, forget_at) VALUES (?, ?, 0, ?, ?)
    ON CONFLICT (scope) DO UPDATE SET cap = excluded.cap, reserved = reserved + excluded.reserved`)
  const pay = prepare("UPDATE balances SET spent = ?, reserved = reserved - ? WHERE scope = ?")
  const forget = prepare("DELETE FROM balances WHERE forget_at <= ? AND reserved = 0")

  const settleRow = (row: Record<string, unknown>, used: bigint): ReadonlyArray<SpentChange> => {
    removeHold.run(expectString(row["id"]))
    const amount = expectBigInt(row["amount"])
    return scopesOf(row["scopes"]).flatMap((scope): ReadonlyArray<SpentChange> => {
      const found = line.get(scope)
      if (found === undefined) return []
      const { cap, spent: before } = balanceOf(found)
      const spent = Amount.saturatingAdd(before, used)
      pay.run(spent, amount, scope)
      return [{ scope, cap, spentBefore: before, spent }]
    })
  }

  return {
    reserve: ({ amount, claims, id, isCorrectable = false }, now, leaseMillis) => {
      // What was charged in full is counted already.
      if (held.get(id) !== undefined || late.has(id)) return { _tag: "Reserved" }
      for (const { cap, scope } of claims) {
        const found = line.get(scope)
        const { reserved, spent } = found === undefined ? { spent: 0n, reserved: 0n } : balanceOf(found)
        if (spent + reserved + amount > cap) return { _tag: "Refused", scope, cap, spent, reserved }
      }
      for (const { cap, retainUntil, scope } of claims) reserveIn.run(scope, cap, amount, retainUntil ?? null)
      const scopes = JSON.stringify(claims.map(({ scope }) => scope))
      const lease = Math.ceil(leaseMillis)
      insertHold.run(id, amount, now + lease, scopes, lease, isCorrectable ? 1 : 0)
      return { _tag: "Reserved" }
    },
    settle: (id, used) => {
      const row = held.get(id)
      if (row !== undefined) return settleRow(row, used)
      return late.correct(id, used)
    },
    renew: (ids, now, leaseMillis) => {
      const lease = Math.ceil(leaseMillis)
      for (const id of ids) renewHold.run(now + lease, lease, id)
    },
    settleExpired: (now) =>
      expired.all(now).flatMap((row) => {
        if (row["is_overdue"] === 1n) {
          if (row["is_correctable"] === 1n) late.keep(row, now)
          return settleRow(row, expectBigInt(row["amount"]))
        }
        extendHold.run(now, expectString(row["id"]))
        return []
      }),
    forget: (now) => {
      forget.run(now)
      late.forget(now)
    },
    scopeBalances: () => all.all().map(balanceOf)
  }
}
