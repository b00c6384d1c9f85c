/**
 * Opens, creates and replaces the file of a SQLite cache. All functions are
 * synchronous, and throw what SQLite and the file system throw.
 *
 * @since 0.1.0
 */
import { chmodSync, renameSync, rmSync, statSync } from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import { inTransaction, open as openDatabase, pragma } from "./SqliteDatabase.ts"
import * as SqliteEntries from "./SqliteEntries.ts"
import * as SqliteFailure from "./SqliteFailure.ts"

/** An open database. */
export interface SqliteFile {
  readonly entries: SqliteEntries.SqliteEntries
  /** Whether the path still refers to the open file. */
  readonly isInPlace: () => boolean
  readonly close: () => void
}

const pageBytes = 4_096
/** The size to which the log is truncated. */
const maxWalBytes = 4_194_304

const sidecarSuffixes = ["-wal", "-shm", "-journal"]

/** Whether there are no tables yet; throws when they are not ours. */
const isEmpty = (db: DatabaseSync): boolean => {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  const mark = pragma(db, "application_id")
  if (tables.length === 0 && mark === 0) return true
  if (mark !== SqliteEntries.applicationId && !tables.some(({ name }) => name === SqliteEntries.mainTable)) {
    throw new SqliteFailure.UnusableFileError("Other", "the file is another application's database")
  }
  if (pragma(db, "user_version") !== SqliteEntries.schemaVersion) {
    throw new SqliteFailure.UnusableFileError("Outdated", "the file is of another version")
  }
  return false
}

/** Creates the tables when they are missing. The file of another application is not changed. */
const ensureSchema = (db: DatabaseSync, path: string): void => {
  isEmpty(db)
  // Responses are private. The log and its index get the mode of the file.
  chmodSync(path, 0o600)
  // `auto_vacuum` has an effect only before the first table and before WAL mode.
  db.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL")
  db.exec(`PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = ${maxWalBytes}; PRAGMA cell_size_check = ON`)
  inTransaction(db, () => {
    if (isEmpty(db)) db.exec(SqliteEntries.schema)
  })
}

/** Opens the database of a path, or creates it, with a size of at most `maxBytes`. */
export const open = (path: string, maxBytes: number): SqliteFile => {
  const db = openDatabase(path)
  try {
    ensureSchema(db, path)
    const entries = SqliteEntries.make(db, pageBytes, Math.floor(maxBytes / pageBytes))
    const { ino } = statSync(path)
    return {
      entries,
      isInPlace: () => statSync(path, { throwIfNoEntry: false })?.ino === ino,
      close: () => db.close()
    }
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * Removes a database, so that a new one can be created. With `keep` it is
 * renamed to `<path>.damaged`, which replaces an earlier one.
 */
export const discard = (path: string, keep: boolean): void => {
  for (const companion of sidecarSuffixes) rmSync(`${path}${companion}`, { force: true })
  if (keep) renameSync(path, `${path}.damaged`)
  else rmSync(path, { force: true })
}
