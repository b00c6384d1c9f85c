/**
 * Holds a job for one process. The lock is one of SQLite's on an empty file, so
 * that the system releases it when the process is killed.
 */
import { accessSync, constants, rmSync, type Stats } from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import { codeOf as codeOfFile, UnusablePathError } from "../FileFailure.ts"
import { isSameFile } from "../FileStats.ts"
import { codeOf, createFile, statFile } from "../SqliteDatabase.ts"

/** SQLite's codes of a disk that fails and of one that is full. Others are of a lock that another process holds or has removed. */
const diskCodes: ReadonlySet<number> = new Set([10, 13])

/** Why the disk does not take the lock, which is in SQLite's own words. */
const diskFailure = (path: string, error: unknown): UnusablePathError | undefined =>
  error instanceof Error && "errstr" in error && diskCodes.has(codeOf(error) ?? 0)
    ? new UnusablePathError(String(error.errstr), path)
    : undefined

/** Tries that meet the release of the lock by another process, which removes its file, before the lock counts as held. */
const maxTries = 5

/** SQLite's code of a lock that another process holds. */
const isBusy = (error: unknown): boolean => error instanceof Error && codeOf(error) === 5

const removed = Symbol("removed")

const bothPermissions = constants.R_OK | constants.W_OK

/** The file at the path, unless another process has just removed it. Without the permissions, SQLite would open it as one that others hold, or not at all. */
const findFile = (path: string, permissions: number): Stats | undefined => {
  try {
    const stats = statFile(path)
    accessSync(path, permissions)
    return stats
  } catch (error) {
    if (codeOfFile(error) === "ENOENT") return undefined
    throw error
  }
}

/** The lock; undefined while another process holds it, and `removed` if that has just released it. */
const tryAcquire = (path: string): (() => void) | typeof removed | undefined => {
  createFile(path)
  const opened = findFile(path, bothPermissions)
  if (opened === undefined) return removed
  // Removing it when the job ends would remove what another application keeps in it.
  if (opened.size > 0)
    throw new UnusablePathError(
      "it has the data of another application: move it away, or delete it if it is not needed",
      path
    )
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite")
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    // A journal on the disk would stay after a kill.
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
    const locked = findFile(path, bothPermissions)
    // The process that held the lock has removed the file, and others may have created and locked another.
    if (locked === undefined || !isSameFile(opened, locked)) throw new Error("removed")
  } catch (error) {
    db.close()
    const failure = diskFailure(path, error)
    if (failure !== undefined) throw failure
    return isBusy(error) ? undefined : removed
  }
  return () => {
    rmSync(path, { force: true })
    db.close()
  }
}

/** Releases the lock. Undefined is returned while another process holds it. Throws, with its path, for what cannot be a lock. */
export const acquire = (path: string): (() => void) | undefined => {
  for (let count = 1; count <= maxTries; count += 1) {
    const release = tryAcquire(path)
    if (release !== removed) return release
  }
  return undefined
}

/** Whether another process holds the lock. Reading it does not refuse that process its lock. Throws as `acquire` does. */
export const isHeld = (path: string): boolean => {
  for (let count = 1; findFile(path, constants.R_OK) !== undefined; count += 1) {
    const { DatabaseSync } = process.getBuiltinModule("node:sqlite")
    let db: DatabaseSync | undefined
    try {
      db = new DatabaseSync(path, { timeout: 0, readOnly: true })
      db.exec("SELECT 1 FROM sqlite_schema")
      return false
    } catch (error) {
      if (db !== undefined) return isBusy(error)
      // It was removed since it was found, or cannot be opened.
      if (count === maxTries) throw error
    } finally {
      db?.close()
    }
  }
  return false
}
