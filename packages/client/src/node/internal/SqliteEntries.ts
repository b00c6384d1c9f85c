/**
 * The entries of a cache in a SQLite database: the tables, and operations on
 * them. All of them are synchronous, and throw what SQLite throws.
 *
 * @since 0.1.0
 */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite"
import type { StoreStatistics } from "@kimi-effect/core/CacheStore"
import { inTransaction } from "./SqliteDatabase.ts"

/** The version of the tables; a file of another version is replaced. */
export const schemaVersion = 1

/** The application id of our databases. */
export const applicationId = 0x4b_6d_66_43

/** The table that identifies our database when its application id is damaged. */
export const mainTable = "kimi_cache_entries"

/** Creates the tables in an empty database. */
export const schema = `
  CREATE TABLE ${mainTable} (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    expires_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    entry BLOB NOT NULL
  ) STRICT;
  CREATE INDEX kimi_cache_expiry ON ${mainTable} (expires_at, bytes);
  CREATE INDEX kimi_cache_use ON ${mainTable} (used_at);
  CREATE TABLE kimi_cache_tags (
    tag TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES ${mainTable} (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, entry)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX kimi_cache_tagged ON kimi_cache_tags (entry);
  CREATE TRIGGER kimi_cache_replaced AFTER UPDATE OF entry ON ${mainTable} BEGIN
    DELETE FROM kimi_cache_tags WHERE entry = new.id;
  END;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

/** Most entries that one operation removes. */
const batchSize = 128

/** Pages that are reserved for evictions in a full file. */
const reservedPages = 32

/** Operations on the entries. */
export interface SqliteEntries {
  readonly get: (
    key: string
  ) => { readonly entry: Uint8Array; readonly expiresAt: number; readonly usedAt: number } | undefined
  readonly set: (
    key: string,
    entry: Uint8Array,
    times: { readonly expiresAt: number; readonly usedAt: number },
    tags: ReadonlyArray<string>
  ) => void
  readonly remove: (key: string) => void
  /** Updates the times at which entries were last used. */
  readonly touch: (uses: ReadonlyMap<string, number>) => void
  /** The id of the latest entry, for `removeUpTo`. */
  readonly latestId: () => number
  /** Removes some entries. The result is whether there may be more. */
  readonly removeTag: (tag: string) => boolean
  readonly removeUpTo: (id: number) => boolean
  readonly removeExpired: (now: number) => boolean
  /** Removes the least recently used entries until there is room for some bytes. */
  readonly evict: (now: number, room: number) => void
  /** Returns free pages to the disk when there are many. The result is whether there may be more. */
  readonly shrink: () => boolean
  readonly statistics: (now: number) => StoreStatistics
}

const numberOf = (row: Record<string, SQLOutputValue> | undefined, column: string): number => {
  const value = row?.[column]
  return typeof value === "number" ? value : 0
}

/** Prepares the statements on an open database of at most `maxPages`. */
export const make = (db: DatabaseSync, pageBytes: number, maxPages: number): SqliteEntries => {
  const select = db.prepare(`SELECT entry, expires_at, used_at FROM ${mainTable} WHERE key = ?`)
  const upsert = db.prepare(
    `INSERT INTO ${mainTable} (key, expires_at, used_at, bytes, entry) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET
       expires_at = excluded.expires_at, used_at = excluded.used_at, bytes = excluded.bytes, entry = excluded.entry`
  )
  const tag = db.prepare(`INSERT INTO kimi_cache_tags (tag, entry) SELECT ?, id FROM ${mainTable} WHERE key = ?`)
  const remove = db.prepare(`DELETE FROM ${mainTable} WHERE key = ?`)
  const touch = db.prepare(`UPDATE ${mainTable} SET used_at = ?2 WHERE key = ?1 AND used_at < ?2`)
  const latest = db.prepare(`SELECT max(id) AS id FROM ${mainTable}`)
  const some = (condition: string, most = batchSize) =>
    db.prepare(`DELETE FROM ${mainTable} WHERE id IN (SELECT ${condition} LIMIT ${most})`)
  const removeTag = some("entry FROM kimi_cache_tags WHERE tag = ?")
  const removeUpTo = some(`id FROM ${mainTable} WHERE id <= ?`)
  const removeExpired = some(`id FROM ${mainTable} WHERE expires_at <= ?`)
  const removeUnused = some(`id FROM ${mainTable} ORDER BY used_at`, 4)
  const count = db.prepare(
    `SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes FROM ${mainTable} WHERE expires_at > ?`
  )
  const pages = db.prepare("PRAGMA page_count")
  const free = db.prepare("PRAGMA freelist_count")

  const usualPages = maxPages - reservedPages
  const freePages = (): number => numberOf(free.get(), "freelist_count")
  const pageCount = (): number => numberOf(pages.get(), "page_count")
  const hasMuchFree = (): boolean => freePages() * 4 > pageCount()
  const limit = (to: number): void => db.exec(`PRAGMA max_page_count = ${to}`)

  const atOnce = (run: () => void): void => inTransaction(db, run)

  /** Runs with the reserved pages available, and frees as many again where possible. */
  const withReserve = (run: () => void): void => {
    limit(maxPages)
    try {
      atOnce(() => {
        run()
        const over = pageCount() - usualPages
        if (over > 0) db.exec(`PRAGMA incremental_vacuum(${over})`)
      })
    } finally {
      limit(usualPages)
    }
  }

  limit(usualPages)

  return {
    get: (key) => {
      const row = select.get(key)
      const entry = row?.["entry"]
      return entry instanceof Uint8Array
        ? { entry, expiresAt: numberOf(row, "expires_at"), usedAt: numberOf(row, "used_at") }
        : undefined
    },
    set: (key, entry, { expiresAt, usedAt }, tags) => {
      const write = () => upsert.run(key, expiresAt, usedAt, entry.length, entry)
      if (tags.length === 0) return void write()
      atOnce(() => {
        write()
        for (const name of tags) tag.run(name, key)
      })
    },
    remove: (key) => void remove.run(key),
    touch: (uses) => {
      if (uses.size === 0) return
      withReserve(() => {
        for (const [key, usedAt] of uses) touch.run(key, usedAt)
      })
    },
    latestId: () => numberOf(latest.get(), "id"),
    removeTag: (name) => removeTag.run(name).changes === batchSize,
    removeUpTo: (id) => removeUpTo.run(id).changes === batchSize,
    removeExpired: (now) => removeExpired.run(now).changes === batchSize,
    evict: (now, room) => {
      const wanted = Math.ceil(room / pageBytes)
      withReserve(() => {
        const hasRoom = () => freePages() + usualPages - pageCount() >= wanted
        let removed = removeExpired.run(now)
        while (!hasRoom() && removed.changes === batchSize) removed = removeExpired.run(now)
        do {
          if (hasRoom()) return
          removed = removeUnused.run()
        } while (removed.changes > 0)
      })
    },
    shrink: () => {
      if (!hasMuchFree()) return false
      const before = freePages()
      db.exec(`PRAGMA incremental_vacuum(${batchSize})`)
      const isMore = freePages() < before && hasMuchFree()
      // The file shrinks at the checkpoint of the log.
      if (!isMore) db.exec("PRAGMA wal_checkpoint(PASSIVE)")
      return isMore
    },
    statistics: (now) => {
      const row = count.get(now)
      return { entries: numberOf(row, "entries"), bytes: numberOf(row, "bytes") }
    }
  }
}
