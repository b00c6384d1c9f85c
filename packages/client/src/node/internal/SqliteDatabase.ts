/**
 * What all SQLite files of this library have in common: they are their owner's
 * alone, wait outside of statements for other processes, and are written in
 * whole or not at all. All of it is synchronous, and throws what SQLite and the
 * file system throw.
 *
 * @since 0.1.0
 */
import { closeSync, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"
import type { DatabaseSync } from "node:sqlite"

/** Longest wait for another process within a statement, which stops everything else: waiting is done outside. */
const busyTimeoutMillis = 4

/** Creates the file and its folder, unless they are there. */
const createFile = (path: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    // Opening a database that is in use and closing it again would release SQLite's locks on it.
    closeSync(openSync(path, "wx", 0o600))
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
  }
}

/** Opens the database of a path, which is created when there is none. */
export const open = (path: string): DatabaseSync => {
  createFile(path)
  // Loading it writes a warning in Node 22, which is no business of programs that open no database.
  const sqlite = process.getBuiltinModule("node:sqlite")
  return new sqlite.DatabaseSync(path, { timeout: busyTimeoutMillis })
}

/** The value of a setting. */
export const pragma = (db: DatabaseSync, name: string): unknown => db.prepare(`PRAGMA ${name}`).get()?.[name]

/** Runs something in one go: all of it is written, or nothing. */
export const inTransaction = <A>(db: DatabaseSync, run: () => A): A => {
  db.exec("BEGIN IMMEDIATE")
  try {
    const result = run()
    db.exec("COMMIT")
    return result
  } catch (error) {
    // SQLite has rolled back by itself after some errors.
    if (db.isTransaction) db.exec("ROLLBACK")
    throw error
  }
}

/** SQLite's own code of what it has thrown, without its details. */
export const codeOf = (error: Error): number | undefined =>
  "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined

/** Codes of a database that another process writes. */
export const busyCodes: ReadonlySet<number> = new Set([5, 6, 15])
