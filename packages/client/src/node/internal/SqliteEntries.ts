/**
 * The entries of a cache in a SQLite database: the tables, and operations on
 * them. All of them are synchronous, and throw what SQLite throws.
 *
 * @since 0.1.0
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite"
import type { StoreStatistics } from "@kimi-effect/core/CacheStore"
import { named } from "./sqlColumns.ts"
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

const numberOf = (row: Record<string, SQLOutputValue> | undefined, column: string): number => {
  const value = row?.[column]
  return typeof value === "number" ? value : 0
}

const prepare = (db: DatabaseSync) => {
  const removal = (condition: string, most = batchSize): StatementSync =>
    db.prepare(`DELETE FROM ${mainTable} WHERE id IN (SELECT ${condition} LIMIT ${most})`)
  return {
    select: db.prepare(`SELECT ${named("entry", "expires_at", "used_at")} FROM ${mainTable} WHERE key = ?`),
    upsert: db.prepare(
      `INSERT INTO ${mainTable} (key, expires_at, used_at, bytes, entry) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET
         expires_at = excluded.expires_at, used_at = excluded.used_at, bytes = excluded.bytes, entry = excluded.entry`
    ),
    tag: db.prepare(`INSERT INTO kimi_cache_tags (tag, entry) SELECT ?, id FROM ${mainTable} WHERE key = ?`),
    remove: db.prepare(`DELETE FROM ${mainTable} WHERE key = ?`),
    // Another process may have recorded a later use; one that is much later was recorded before the clock was set back.
    touch: db.prepare(`UPDATE ${mainTable} SET used_at = ?2 WHERE key = ?1 AND used_at NOT BETWEEN ?2 AND ?2 + 60000`),
    latest: db.prepare(`SELECT max(id) AS id FROM ${mainTable}`),
    removeTag: removal("entry FROM kimi_cache_tags WHERE tag = ?"),
    removeUpTo: removal(`id FROM ${mainTable} WHERE id <= ?`),
    removeExpired: removal(`id FROM ${mainTable} WHERE expires_at <= ?`),
    removeUnused: removal(`id FROM ${mainTable} ORDER BY used_at`, 4),
    count: db.prepare(
      `SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes FROM ${mainTable} WHERE expires_at > ?`
    ),
    pages: db.prepare("PRAGMA page_count"),
    free: db.prepare("PRAGMA freelist_count")
  }
}

/** An entry with its times. */
export interface StoredEntry {
  readonly entry: Uint8Array
  readonly expiresAt: number
  readonly usedAt: number
}

/** Operations on the entries of an open database of at most `maxPages`. */
export class SqliteEntries {
  readonly #db: DatabaseSync
  readonly #pageBytes: number
  readonly #maxPages: number
  /** The pages that may be used without an eviction. */
  readonly #usualPages: number
  readonly #statements: ReturnType<typeof prepare>

  constructor(db: DatabaseSync, pageBytes: number, maxPages: number) {
    this.#db = db
    this.#pageBytes = pageBytes
    this.#maxPages = maxPages
    this.#usualPages = maxPages - reservedPages
    this.#statements = prepare(db)
    this.#limit(this.#usualPages)
  }

  get(key: string): StoredEntry | undefined {
    const row = this.#statements.select.get(key)
    const entry = row?.["entry"]
    return entry instanceof Uint8Array
      ? { entry, expiresAt: numberOf(row, "expires_at"), usedAt: numberOf(row, "used_at") }
      : undefined
  }

  set(key: string, { entry, expiresAt, usedAt }: StoredEntry, tags: ReadonlyArray<string>): void {
    const { tag, upsert } = this.#statements
    if (tags.length === 0) {
      upsert.run(key, expiresAt, usedAt, entry.length, entry)
      return
    }
    inTransaction(this.#db, () => {
      upsert.run(key, expiresAt, usedAt, entry.length, entry)
      for (const name of tags) tag.run(name, key)
    })
  }

  remove(key: string): void {
    this.#statements.remove.run(key)
  }

  /** Updates the times at which entries were last used. */
  touch(uses: ReadonlyMap<string, number>): void {
    if (uses.size === 0) return
    this.#withReserve(() => {
      for (const [key, usedAt] of uses) this.#statements.touch.run(key, usedAt)
    })
  }

  /** The id of the latest entry, for `removeUpTo`. */
  latestId(): number {
    return numberOf(this.#statements.latest.get(), "id")
  }

  /** Removes some entries. The result is whether there may be more. */
  removeTag(name: string): boolean {
    return this.#statements.removeTag.run(name).changes === batchSize
  }

  /** Removes some entries. The result is whether there may be more. */
  removeUpTo(id: number): boolean {
    return this.#statements.removeUpTo.run(id).changes === batchSize
  }

  /** Removes some entries. The result is whether there may be more. */
  removeExpired(now: number): boolean {
    return this.#statements.removeExpired.run(now).changes === batchSize
  }

  /** Removes the least recently used entries until there is room for some bytes. */
  evict(now: number, room: number): void {
    const { removeExpired, removeUnused } = this.#statements
    const wanted = Math.ceil(room / this.#pageBytes)
    this.#withReserve(() => {
      const hasRoom = () => this.#freePages() + this.#usualPages - this.#pageCount() >= wanted
      let removed = removeExpired.run(now)
      while (!hasRoom() && removed.changes === batchSize) removed = removeExpired.run(now)
      do {
        if (hasRoom()) return
        removed = removeUnused.run()
      } while (removed.changes > 0)
    })
  }

  /** Returns free pages to the disk when there are many. The result is whether there may be more. */
  shrink(): boolean {
    if (!this.#hasMuchFree()) return false
    const before = this.#freePages()
    this.#db.exec(`PRAGMA incremental_vacuum(${batchSize})`)
    const isMore = this.#freePages() < before && this.#hasMuchFree()
    // The file shrinks at the checkpoint of the log.
    if (!isMore) this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)")
    return isMore
  }

  statistics(now: number): StoreStatistics {
    const row = this.#statements.count.get(now)
    return { entries: numberOf(row, "entries"), bytes: numberOf(row, "bytes") }
  }

  #freePages(): number {
    return numberOf(this.#statements.free.get(), "freelist_count")
  }

  #pageCount(): number {
    return numberOf(this.#statements.pages.get(), "page_count")
  }

  #hasMuchFree(): boolean {
    return this.#freePages() * 4 > this.#pageCount()
  }

  #limit(pages: number): void {
    this.#db.exec(`PRAGMA max_page_count = ${pages}`)
  }

  /** Runs with the reserved pages available, and frees as many again where possible. */
  #withReserve(run: () => void): void {
    this.#limit(this.#maxPages)
    try {
      inTransaction(this.#db, () => {
        run()
        const over = this.#pageCount() - this.#usualPages
        if (over > 0) this.#db.exec(`PRAGMA incremental_vacuum(${over})`)
      })
    } finally {
      this.#limit(this.#usualPages)
    }
  }
}
