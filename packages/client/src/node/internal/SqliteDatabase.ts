/**
 * What all SQLite files of this library have in common: they are accessible for
 * their owner only, waiting for other processes happens outside of statements,
 * and every change is a transaction. All functions are synchronous, and throw
 * what SQLite and the file system throw.
 *
 * @since 0.1.0
 */
import { closeSync, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"
import type { DatabaseSync } from "node:sqlite"

/** Longest wait for another process within a statement, which blocks the process; longer waits are effects. */
const busyTimeoutMillis = 4

/** Creates the file and its folder when they are missing. */
const createFile = (path: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    // Closing a second descriptor of a database that is in use would release SQLite's locks on it.
    closeSync(openSync(path, "wx", 0o600))
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
  }
}

/** Opens the database of a path, and creates it when it is missing. */
export const open = (path: string): DatabaseSync => {
  createFile(path)
  // Loading it prints a warning in Node 22, which programs without a database should not see.
  const sqlite = process.getBuiltinModule("node:sqlite")
  return new sqlite.DatabaseSync(path, { timeout: busyTimeoutMillis })
}

/** The value of a pragma. */
export const pragma = (db: DatabaseSync, name: string): unknown => db.prepare(`PRAGMA ${name}`).get()?.[name]

/** Runs a function in a transaction. */
export const inTransaction = <A>(db: DatabaseSync, run: () => A): A => {
  db.exec("BEGIN IMMEDIATE")
  try {
    const result = run()
    db.exec("COMMIT")
    return result
  } catch (error) {
    // After some errors SQLite has already rolled back.
    if (db.isTransaction) db.exec("ROLLBACK")
    throw error
  }
}

/** SQLite's primary error code. */
export const codeOf = (error: Error): number | undefined =>
  "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined

/** Error codes of a database that another process is writing. */
export const busyCodes: ReadonlySet<number> = new Set([5, 6, 15])
