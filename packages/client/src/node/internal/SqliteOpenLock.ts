/**
 * Opens a SQLite file while no other process does. A damaged file is replaced
 * when it is opened, and a process that opened it meanwhile would share the log
 * of one file with the contents of the other.
 *
 * The lock is one of SQLite's on a second, empty file, so the system releases it
 * when a process is killed. The function is synchronous, and throws a `Busy`
 * failure while another process holds the lock.
 */
import { rmSync, type Stats } from "node:fs"
import { dirname } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { createFolderSync } from "./createFolder.ts"
import * as FileFailure from "./FileFailure.ts"
import { isSameFile } from "./FileStats.ts"
import { createFile, open, statFile } from "./SqliteDatabase.ts"
import * as SqliteFailure from "./SqliteFailure.ts"

/** The file of the lock, which exists while a database is being opened. */
export const pathOf = (path: string): string => `${path}-opening`

const remove = (path: string): void => {
  try {
    rmSync(path, { force: true })
  } catch {
    // Another process may have it open, where open files cannot be removed.
  }
}

const busy = (): SqliteFailure.UnusableFileError =>
  new SqliteFailure.UnusableFileError("Busy", "another process is opening it")

/** Another process may remove the file at any time. */
const orBusy = <A>(run: () => A): A => {
  try {
    return run()
  } catch (error) {
    throw FileFailure.codeOf(error) === "ENOENT" ? busy() : error
  }
}

/**
 * Locks an open file, if it is still the one of its path. The process that held
 * the lock has removed the file, so others may have created and locked another;
 * and SQLite cannot lock a file that was removed.
 */
const acquire = (db: DatabaseSync, path: string, opened: Stats): void => {
  const isInPlace = (): boolean => {
    const found = orBusy(() => statFile(path))
    return isSameFile(opened, found)
  }
  try {
    // A journal on the disk would stay after a kill.
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
  } catch (error) {
    throw isInPlace() ? error : busy()
  }
  if (!isInPlace()) throw busy()
}

/** Creates the file, and returns what it is before it is opened. */
const prepare = (path: string): Stats => {
  createFile(path)
  const stats = orBusy(() => statFile(path))
  if (stats.size === 0) return stats
  throw new SqliteFailure.UnusableFileError("Other", `the file ${path}, which locks it, is another application's`)
}

/** Runs a function while no other process runs one for the same database. */
export const withLock = <A>(path: string, run: () => A): A => {
  const lockPath = pathOf(path)
  createFolderSync(dirname(path))
  const opened = prepare(lockPath)
  const db = orBusy(() => open(lockPath))
  try {
    acquire(db, lockPath, opened)
    try {
      return run()
    } finally {
      remove(lockPath)
    }
  } finally {
    db.close()
  }
}
