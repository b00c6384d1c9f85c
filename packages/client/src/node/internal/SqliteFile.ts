/**
 * The file of an SQLite cache: opened, created, and put out of the way when it
 * is damaged. All of it is synchronous, and throws what SQLite and the file
 * system throw.
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
  /** Whether the path still leads to the file that is open. */
  readonly isInPlace: () => boolean
  readonly close: () => void
}

const pageBytes = 4_096
/** The size to which the log is cut back when it has grown. */
const maxWalBytes = 4_194_304

const sidecarSuffixes = ["-wal", "-shm", "-journal"]

/** Whether there are no tables yet; throws when there are others than ours. */
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

/** Creates the tables, unless they are there. Nothing is done to a file that is not ours. */
const ensureSchema = (db: DatabaseSync, path: string): void => {
  isEmpty(db)
  // Answers are nobody else's business. The log and its index get the mode of the file.
  chmodSync(path, 0o600)
  // The first has an effect only before there is a table, and before the log is turned on.
  db.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL")
  db.exec(`PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = ${maxWalBytes}; PRAGMA cell_size_check = ON`)
  inTransaction(db, () => {
    if (isEmpty(db)) db.exec(SqliteEntries.schema)
  })
}

/** Opens the database of a path, which is created when there is none, to grow up to so many bytes. */
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
 * Makes room for a new database. With `keep` the old one stays beside it as
 * `<path>.damaged`, in the place of an earlier one.
 */
export const discard = (path: string, keep: boolean): void => {
  for (const companion of sidecarSuffixes) rmSync(`${path}${companion}`, { force: true })
  if (keep) renameSync(path, `${path}.damaged`)
  else rmSync(path, { force: true })
}
