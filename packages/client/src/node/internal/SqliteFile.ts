/**
 * Opens, creates and replaces the file of a SQLite cache. All functions are
 * synchronous, and throw what SQLite and the file system throw.
 *
 * @since 0.1.0
 */
import { closeSync, openSync, readSync, renameSync, rmSync, statSync } from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import { isSameFile } from "./FileStats.ts"
import { inTransaction, open as openDatabase, pragma, restrict, sidecars } from "./SqliteDatabase.ts"
import * as SqliteEntries from "./SqliteEntries.ts"
import * as SqliteFailure from "./SqliteFailure.ts"
import * as SqliteOpenLock from "./SqliteOpenLock.ts"

/** An open database. */
export interface SqliteFile {
  readonly entries: SqliteEntries.SqliteEntries
  /** Whether the path still refers to the open file. */
  readonly isInPlace: () => boolean
  readonly close: () => void
}

/** A file that was opened, and why it was replaced before. */
export interface Opened {
  readonly file: SqliteFile
  readonly replaced?: SqliteFailure.SqliteFailure | undefined
}

const pageBytes = 4_096
/** The size to which the log is truncated. */
const maxWalBytes = 4_194_304

/** Whether there are no tables yet; throws when they are not ours. */
const isEmpty = (db: DatabaseSync): boolean => {
  const names = db.prepare("SELECT name FROM sqlite_schema").all()
  const mark = pragma(db, "application_id")
  if (names.length === 0 && mark === 0) return true
  if (mark !== SqliteEntries.applicationId && !names.some(({ name }) => name === SqliteEntries.mainTable)) {
    throw new SqliteFailure.UnusableFileError("Other", "it is another application's database and is left as it is")
  }
  if (pragma(db, "user_version") !== SqliteEntries.schemaVersion) {
    throw new SqliteFailure.UnusableFileError("Outdated", "the file is of another version")
  }
  return false
}

/** Creates the tables when they are missing. The file of another application is not changed. */
const ensureSchema = (db: DatabaseSync, path: string): void => {
  const isNew = isEmpty(db)
  // Responses are private.
  restrict(path)
  if (isNew) {
    // It has an effect only before the first table.
    db.exec("PRAGMA auto_vacuum = INCREMENTAL")
    // Before WAL mode, so that the file itself has the mark that identifies it, and not only its log.
    inTransaction(db, () => {
      if (isEmpty(db)) db.exec(SqliteEntries.schema)
    })
  }
  db.exec("PRAGMA journal_mode = WAL")
  db.exec(`PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = ${maxWalBytes}; PRAGMA cell_size_check = ON`)
}

/** Opens the database of a path, or creates it. */
const openFile = (path: string, maxBytes: number): SqliteFile => {
  const db = openDatabase(path)
  try {
    ensureSchema(db, path)
    const entries = new SqliteEntries.SqliteEntries(db, pageBytes, Math.floor(maxBytes / pageBytes))
    const opened = statSync(path)
    return {
      entries,
      isInPlace: () => {
        const found = statSync(path, { throwIfNoEntry: false })
        return found !== undefined && isSameFile(found, opened)
      },
      close: () => db.close()
    }
  } catch (error) {
    db.close()
    throw error
  }
}

const formatMark = "SQLite format 3\0"
/** Where the header of a database has its application id. */
const applicationIdOffset = 68

/**
 * Whether a file that SQLite cannot read was ours: by its application id, or
 * else by the name of its main table. Closing it releases the locks of this
 * process on it, so it must not be read while it is of use.
 */
const isOurs = (path: string): boolean => {
  const bytes = Buffer.alloc(pageBytes)
  const file = openSync(path, "r")
  try {
    readSync(file, bytes, 0, pageBytes, 0)
  } finally {
    closeSync(file)
  }
  return (
    bytes.readUInt32BE(applicationIdOffset) === SqliteEntries.applicationId ||
    (bytes.toString("latin1", 0, formatMark.length) === formatMark && bytes.includes(SqliteEntries.mainTable))
  )
}

/**
 * Removes a database, so that a new one can be created. A damaged one is renamed
 * to `<path>.damaged`, which replaces an earlier one. A file that may be another
 * application's is left as it is.
 */
const discard = (path: string, { kind, reason }: SqliteFailure.SqliteFailure): void => {
  if (kind === "Damaged" && !isOurs(path)) {
    throw new SqliteFailure.UnusableFileError(
      "Other",
      `it is not a file of this cache and is left as it is (${reason})`
    )
  }
  if (kind === "Damaged") renameSync(path, `${path}.damaged`)
  else rmSync(path, { force: true })
  for (const sidecar of sidecars(path)) rmSync(sidecar, { force: true })
}

const isReplaceable = ({ kind }: SqliteFailure.SqliteFailure): boolean => kind === "Damaged" || kind === "Outdated"

const openOrReplace = (path: string, maxBytes: number): Opened => {
  try {
    return { file: openFile(path, maxBytes) }
  } catch (error) {
    const replaced = SqliteFailure.fromUnknown(error)
    if (!isReplaceable(replaced)) throw error
    discard(path, replaced)
    return { file: openFile(path, maxBytes), replaced }
  }
}

/**
 * Opens the database of a path, or creates it, with a size of at most
 * `maxBytes`. One that is damaged or of another version is replaced.
 */
export const open = (path: string, maxBytes: number): Opened =>
  SqliteOpenLock.withLock(path, () => openOrReplace(path, maxBytes))

/** Closes a file that was found unusable in use and opens another in its place, unless another process has done so. */
export const replace = (
  current: SqliteFile,
  failure: SqliteFailure.SqliteFailure,
  path: string,
  maxBytes: number
): Opened =>
  SqliteOpenLock.withLock(path, () => {
    // While the file is open, no other has its identity.
    const isInPlace = current.isInPlace()
    try {
      current.close()
    } catch {
      // It is not used any more.
    }
    if (!isInPlace) return openOrReplace(path, maxBytes)
    discard(path, failure)
    return { file: openFile(path, maxBytes), replaced: failure }
  })
