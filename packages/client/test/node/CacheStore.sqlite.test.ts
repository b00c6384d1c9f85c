import { chmodSync, existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { assertEntry, bytesOf, keep, keptFor, keyOf } from "@kimi-effect/testing/internal/CacheEntries"
import { Duration, Effect, Fiber, Logger, Option } from "effect"
import { TestClock } from "effect/testing"
import * as CacheStore from "../../src/node/CacheStore.ts"
import { damageFormatMark } from "./support/cache/damage.ts"
import { databaseFile } from "./support/files.ts"
import { openSqlite } from "./support/cache/open.ts"

const megabyte = 1_048_576

/** The warnings that are logged while it runs. */
const warnings = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const warned: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    if (logLevel === "Warn") warned.push(String(message))
  })
  yield* Effect.provide(effect, Logger.layer([logger]))
  return warned
})

const withDatabase = <A>(path: string, use: (db: DatabaseSync) => A): A => {
  const db = new DatabaseSync(path)
  try {
    return use(db)
  } finally {
    db.close()
  }
}

describe("CacheStore.layerSqlite", () => {
  it.effect("keeps its files to their owner", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      const store = yield* openSqlite({ path })
      yield* keep(store, keyOf(1), bytesOf(10))
      const names = readdirSync(dirname(path))
      assert.deepStrictEqual(names.toSorted(), ["entries.db", "entries.db-shm", "entries.db-wal"])
      for (const name of names) assert.strictEqual(statSync(join(dirname(path), name)).mode & 0o777, 0o600, name)
      assert.strictEqual(statSync(dirname(path)).mode & 0o777, 0o700)
    })
  )

  it.effect("restricts a file that others could read", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      yield* Effect.scoped(openSqlite({ path }))

      chmodSync(path, 0o644)
      yield* openSqlite({ path })
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
    })
  )

  it.effect("closes all its files", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      yield* Effect.scoped(Effect.flatMap(openSqlite({ path }), (store) => keep(store, keyOf(1), bytesOf(10))))
      // The last connection to close merges the log into the file and removes it.
      assert.deepStrictEqual(readdirSync(dirname(path)), ["entries.db"])
    })
  )

  it.effect("fails with its own error once it is closed", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      const store = yield* Effect.scoped(openSqlite({ path }))
      assert.deepInclude(
        { ...(yield* Effect.flip(store.get(keyOf(1)))) },
        { _tag: "CacheStoreError", operation: "get" }
      )
    })
  )

  it.effect("removes the least recently used entries to stay within its size", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      const maxBytes = 2 * megabyte
      const store = yield* openSqlite({ path, maxBytes })
      for (let i = 0; i < 1_500; i++) {
        yield* keep(store, keyOf(i), bytesOf(4_000, i + 1), "t")
        // The first ten are used repeatedly.
        if (i % 10 === 0) for (let used = 0; used < 10 && used < i; used++) yield* store.get(keyOf(used))
        yield* TestClock.adjust("2 seconds")
        if (i % 100 === 0) assert.isAtMost(statSync(path).size, maxBytes)
      }
      assert.isAtMost(statSync(path).size, maxBytes)
      const found = yield* Effect.forEach(
        Array.from({ length: 1_500 }, (_, i) => keyOf(i)),
        store.get
      )
      const kept = found.flatMap((entry, i) => (Option.isSome(entry) ? [i] : []))
      assert.deepStrictEqual(kept.slice(0, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      const rest = kept.slice(10)
      assert.isAbove(rest.length, 150)
      assert.deepStrictEqual(
        rest,
        Array.from({ length: rest.length }, (_, i) => 1_500 - rest.length + i)
      )
    })
  )

  it.effect("removes expired entries before any other", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      const store = yield* openSqlite({ path, maxBytes: megabyte, sweepInterval: Duration.hours(2) })
      for (let i = 0; i < 60; i++) yield* keep(store, keyOf(i), bytesOf(4_000, i + 1))
      for (let i = 60; i < 160; i++) yield* store.set(keyOf(i), bytesOf(4_000, i + 1), yield* keptFor(1_000))
      yield* TestClock.adjust("2 seconds")
      for (let i = 160; i < 220; i++) yield* keep(store, keyOf(i), bytesOf(4_000, i + 1))
      for (let i = 0; i < 60; i++) assertEntry(yield* store.get(keyOf(i)), bytesOf(4_000, i + 1))
    })
  )

  it.effect("makes room for a large entry among small ones", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      const store = yield* openSqlite({ path, maxBytes: megabyte })
      for (let i = 0; i < 400; i++) yield* keep(store, keyOf(i), bytesOf(3_000, i + 1))
      yield* keep(store, keyOf("large"), bytesOf(megabyte / 4))
      assertEntry(yield* store.get(keyOf("large")), bytesOf(megabyte / 4))
    })
  )

  it.effect("refuses an entry that is too large, without removing others", () =>
    Effect.gen(function* () {
      const store = yield* openSqlite({ path: yield* databaseFile, maxBytes: megabyte })
      for (let i = 0; i < 10; i++) yield* keep(store, keyOf(i), bytesOf(3_000, i + 1))
      const before = yield* store.statistics
      assert.strictEqual(
        (yield* Effect.flip(keep(store, keyOf("larger"), bytesOf(megabyte / 4 + 1))))._tag,
        "CacheStoreError"
      )
      assert.deepStrictEqual(yield* store.statistics, before)
    })
  )

  it.effect("fails a write only as long as there is no room", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      yield* Effect.scoped(openSqlite({ path, maxBytes: megabyte }))
      // Data of another application in the file cannot be removed.
      withDatabase(path, (db) =>
        db.exec(`CREATE TABLE ballast (b BLOB); INSERT INTO ballast VALUES (zeroblob(${megabyte}))`)
      )
      const store = yield* openSqlite({ path, maxBytes: megabyte })
      const error = yield* Effect.flip(keep(store, keyOf(1), bytesOf(20_000)))
      assert.deepInclude({ ...error }, { _tag: "CacheStoreError", operation: "set" })
      assert.include(error.message, "full")
      assert.deepStrictEqual(yield* store.get(keyOf(1)), Option.none())
      withDatabase(path, (db) => db.exec("DROP TABLE ballast"))
      yield* keep(store, keyOf(1), bytesOf(20_000))
      assertEntry(yield* store.get(keyOf(1)), bytesOf(20_000))
    })
  )

  it.effect("returns the space of expired entries to the disk", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      const store = yield* openSqlite({ path, sweepInterval: Duration.minutes(5) })
      for (let i = 0; i < 1_000; i++) yield* store.set(keyOf(i), bytesOf(4_000), yield* keptFor(60_000, "t"))
      yield* keep(store, keyOf("stays"), bytesOf(10))
      const rows = () =>
        withDatabase(path, (db) => db.prepare("SELECT count(*) AS n FROM kimi_cache_entries").get()?.["n"])
      yield* TestClock.adjust("299 seconds")
      assert.strictEqual(rows(), 1_001)
      const large = statSync(path).size
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(rows(), 1)
      assert.strictEqual(
        withDatabase(path, (db) => db.prepare("SELECT count(*) AS n FROM kimi_cache_tags").get()?.["n"]),
        0
      )
      assert.isBelow(statSync(path).size, large / 10)
      assertEntry(yield* store.get(keyOf("stays")), bytesOf(10))
    })
  )

  it.effect("does not write when it is read", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      const store = yield* openSqlite({ path, sweepInterval: Duration.minutes(30) })
      for (let i = 0; i < 100; i++) yield* keep(store, keyOf(i), bytesOf(2_000, i + 1))
      const version = () =>
        withDatabase(path, (db) => db.prepare("SELECT sum(used_at) AS n FROM kimi_cache_entries").get()?.["n"])
      const size = () => statSync(`${path}-wal`).mtimeMs
      const [before, written] = [version(), size()]
      yield* TestClock.adjust("10 minutes")
      for (let i = 0; i < 1_000; i++) yield* store.get(keyOf(i % 100))
      assert.deepStrictEqual([version(), size()], [before, written])
      yield* TestClock.adjust("20 minutes")
      assert.strictEqual(version(), 100 * 600_000)
    })
  )

  it.effect("recreates a file of another version", () =>
    Effect.gen(function* () {
      for (const version of [0, 2, 99]) {
        const path = yield* databaseFile
        yield* Effect.scoped(Effect.flatMap(openSqlite({ path }), (store) => keep(store, keyOf(1), bytesOf(10))))
        withDatabase(path, (db) => db.exec(`PRAGMA user_version = ${version}; DROP TABLE kimi_cache_tags`))
        const warned = yield* warnings(
          Effect.gen(function* () {
            const store = yield* openSqlite({ path })
            assert.deepStrictEqual(yield* store.get(keyOf(1)), Option.none())
            yield* keep(store, keyOf(1), bytesOf(10), "t")
            assertEntry(yield* store.get(keyOf(1)), bytesOf(10))
          })
        )
        assert.strictEqual(warned.length, 1)
        assert.isFalse(existsSync(`${path}.damaged`))
      }
    })
  )

  it.effect("leaves the database of another application as it is", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      yield* Effect.scoped(openSqlite({ path }))
      rmSync(path)
      withDatabase(path, (db) => db.exec("CREATE TABLE accounts (name TEXT); INSERT INTO accounts VALUES ('mine')"))
      const store = yield* openSqlite({ path })
      const error = yield* Effect.flip(store.get(keyOf(1)))
      assert.include(error.message, "it is another application's database and is left as it is")
      withDatabase(path, (db) => {
        assert.strictEqual(db.prepare("SELECT name FROM accounts").get()?.["name"], "mine")
        assert.strictEqual(db.prepare("PRAGMA journal_mode").get()?.["journal_mode"], "delete")
      })
    })
  )

  it.effect("replaces a damaged file with one warning", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      yield* Effect.scoped(openSqlite({ path }))
      const warned = yield* warnings(
        Effect.gen(function* () {
          damageFormatMark(path)
          const store = yield* openSqlite({ path })
          for (let i = 0; i < 5; i++) yield* keep(store, keyOf(i), bytesOf(10, i + 1))
          for (let i = 0; i < 5; i++) assertEntry(yield* store.get(keyOf(i)), bytesOf(10, i + 1))
        })
      )
      assert.strictEqual(warned.length, 1)
      assert.isTrue(existsSync(`${path}.damaged`))
    })
  )

  it.effect("uses the file by which another process has replaced it", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      const first = yield* openSqlite({ path })
      yield* keep(first, keyOf(1), bytesOf(10, 1), "t")
      for (const suffix of ["-wal", "-shm"]) rmSync(`${path}${suffix}`)
      renameSync(path, `${path}.damaged`)
      const second = yield* openSqlite({ path })
      yield* keep(second, keyOf(1), bytesOf(10, 2), "t")
      const warned = yield* warnings(TestClock.adjust("1 minutes"))
      assertEntry(yield* first.get(keyOf(1)), bytesOf(10, 2))
      yield* second.removeTag("t")
      assert.deepStrictEqual(yield* first.get(keyOf(1)), Option.none())
      assert.deepStrictEqual(warned, [])
    })
  )

  it.live("waits for another writer up to its timeout without blocking the process", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      const store = yield* openSqlite({ path, lockTimeout: Duration.millis(300) })
      const other = new DatabaseSync(path)
      yield* Effect.addFinalizer(() => Effect.sync(() => other.close()))
      other.exec("BEGIN IMMEDIATE")
      yield* keep(store, keyOf(0), bytesOf(1)).pipe(Effect.flip)
      const waiting = yield* Effect.forkChild(keep(store, keyOf(1), bytesOf(10), "t"))
      let turns = 0
      for (; turns < 20; turns++) yield* Effect.sleep("2 millis")
      assert.isUndefined(waiting.pollUnsafe())
      // Reading does not wait.
      assert.deepStrictEqual(yield* store.get(keyOf(1)), Option.none())
      other.exec("COMMIT")
      yield* Fiber.join(waiting)
      assertEntry(yield* store.get(keyOf(1)), bytesOf(10))
    })
  )

  it.effect("fails for invalid options", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      const unusable: ReadonlyArray<CacheStore.SqliteOptions> = [
        { path: "" },
        { path: ":memory:" },
        { path, maxBytes: megabyte - 1 },
        { path, maxBytes: Number.NaN },
        { path, sweepInterval: Duration.zero },
        { path, sweepInterval: "1 fortnight" as never },
        { path, lockTimeout: "Infinity" }
      ]
      for (const options of unusable) {
        const error = yield* Effect.flip(openSqlite(options))
        const option = Object.keys(options).at(-1)
        assert.deepStrictEqual(
          error._tag === "ConfigurationError" ? error.issues.map(({ name }) => name) : error._tag,
          [`CacheStore ${option}`]
        )
      }
      yield* Effect.scoped(openSqlite({ path, sweepInterval: "30 seconds", lockTimeout: 1_000 }))
    })
  )
})
