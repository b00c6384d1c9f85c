/**
 * What all SQLite files of this library have in common: they are accessible for
 * their owner only, waiting for other processes happens outside of statements,
 * and every change is a transaction. All functions are synchronous, and throw
 * what SQLite and the file system throw.
 *
 * @since 0.1.0
 */
import { chmodSync, closeSync, lstatSync, openSync, type Stats } from "node:fs"
import { dirname } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { createFolderSync } from "./createFolder.ts"
import * as FileFailure from "./FileFailure.ts"
import { isOpenToOthers } from "./FileStats.ts"

/** Longest wait for another process within a statement, which blocks the process; longer waits are effects. */
const busyTimeoutMillis = 4

/** Creates the file and its folder when they are missing. */
export const createFile = (path: string): void => {
  createFolderSync(dirname(path))
  try {
    // Closing a second descriptor of a database that is in use would release SQLite's locks on it.
    closeSync(openSync(path, "wx", 0o600))
  } catch (error) {
    if (FileFailure.codeOf(error) !== "EEXIST") throw error
  }
}

/** The file at a path, which must be a regular one: SQLite would follow a link. */
export const statFile = (path: string): Stats => {
  const stats = lstatSync(path)
  if (stats.isFile()) return stats
  if (stats.isSymbolicLink()) {
    throw new FileFailure.UnusablePathError(
      "it is a symbolic link, which is not followed; set the path of its target",
      path
    )
  }
  throw new FileFailure.UnusablePathError(
    stats.isDirectory() ? FileFailure.meanings.EISDIR : "it is not a regular file",
    path
  )
}

/** The files that SQLite keeps next to a database. */
export const sidecars = (path: string): ReadonlyArray<string> => ["-wal", "-shm", "-journal"].map((end) => path + end)

/** Makes a database accessible for its owner only. SQLite creates the other files with the mode of the first. */
export const restrict = (path: string): void => {
  for (const file of [path, ...sidecars(path)]) {
    const stats = lstatSync(file, { throwIfNoEntry: false })
    if (stats?.isFile() === true && isOpenToOthers(stats)) chmodSync(file, 0o600)
  }
}

/** Opens the database of a path, and creates it when it is missing. */
export const open = (path: string): DatabaseSync => {
  createFile(path)
  statFile(path)
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
