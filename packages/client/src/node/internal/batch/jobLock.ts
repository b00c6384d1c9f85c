/**
 * Holds a job for one process. The lock is one of SQLite's on an empty file, so
 * that the system releases it when the process is killed.
 */
import { existsSync, rmSync } from "node:fs"
import { UnusablePathError } from "../FileFailure.ts"
import { isSameFile } from "../FileStats.ts"
import { codeOf, createFile, statFile } from "../SqliteDatabase.ts"

/** SQLite's codes of a disk that fails and of one that is full. Others are of a lock that another process holds or has removed. */
const diskCodes: ReadonlySet<number> = new Set([10, 13])

/** Why the disk does not take the lock, which is in SQLite's own words. */
const diskFailure = (error: unknown): UnusablePathError | undefined =>
  error instanceof Error && "errstr" in error && diskCodes.has(codeOf(error) ?? 0)
    ? new UnusablePathError(String(error.errstr))
    : undefined

/** Releases the lock. Undefined is returned while another process holds it. */
export const acquire = (path: string): (() => void) | undefined => {
  createFile(path)
  const opened = statFile(path)
  // Removing it when the job ends would remove what another application keeps in it.
  if (opened.size > 0)
    throw new UnusablePathError(
      "the file of the lock has the data of another application: move it away, or delete it if it is not needed"
    )
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite")
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    // A journal on the disk would stay after a kill.
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
    // The process that held the lock has removed the file, and others may have created and locked another.
    if (!isSameFile(opened, statFile(path))) throw new Error("replaced")
  } catch (error) {
    db.close()
    const failure = diskFailure(error)
    if (failure !== undefined) throw failure
    return undefined
  }
  return () => {
    rmSync(path, { force: true })
    db.close()
  }
}

/** Whether another process holds the lock. Reading it does not refuse that process its lock. */
export const isHeld = (path: string): boolean => {
  if (!existsSync(path)) return false
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite")
  const db = new DatabaseSync(path, { timeout: 0, readOnly: true })
  try {
    db.exec("SELECT 1 FROM sqlite_schema")
    return false
  } catch (error) {
    // SQLITE_BUSY
    return error instanceof Error && codeOf(error) === 5
  } finally {
    db.close()
  }
}
