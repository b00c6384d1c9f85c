/** Stores of the cache whose path is wrong, or becomes unusable. */
import { chmodSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { assertEntry, bytesOf, keep, keyOf } from "@kimi-effect/testing/internal/CacheEntries"
import { Effect, Logger, Option } from "effect"
import { TestClock } from "effect/testing"
import * as CacheStore from "../../src/node/CacheStore.ts"
import * as EntryFolder from "../../src/node/internal/EntryFolder.ts"
import * as SqliteOpenLock from "../../src/node/internal/SqliteOpenLock.ts"
import { databaseFile, folder } from "./support/files.ts"
import { place, wrongFiles, wrongFolders } from "./support/paths.ts"
import { canMount, volume } from "./support/volumes.ts"
import { openFile, openSqlite } from "./support/cache/open.ts"

const kinds = [
  { kind: "makeSqlite", make: CacheStore.makeSqlite, wrong: wrongFiles },
  { kind: "makeFile", make: CacheStore.makeFile, wrong: wrongFolders }
] as const

/** Every operation of a store, of which some succeed or fail. */
const useAll = (store: CacheStore.CacheStore["Service"]) =>
  Effect.all(
    [
      Effect.exit(store.get(keyOf(1))),
      Effect.exit(keep(store, keyOf(1), bytesOf(10), "t")),
      Effect.exit(store.removeTag("t")),
      Effect.exit(store.clear),
      Effect.exit(store.statistics),
      TestClock.adjust("1 hour")
    ],
    { discard: true }
  )

for (const { kind, make, wrong } of kinds) {
  describe(`CacheStore.${kind}`, () => {
    for (const [name, arrange] of Object.entries(wrong)) {
      it.effect(`leaves ${name} as it is`, () =>
        Effect.gen(function* () {
          const { contents, path } = yield* place(arrange)
          const before = contents()
          yield* Effect.scoped(Effect.flatMap(make({ path }), useAll))
          assert.deepStrictEqual(contents(), before)
        })
      )

      it.effect(`fails with the path of ${name}`, () =>
        Effect.gen(function* () {
          const { path } = yield* place(arrange)
          const store = yield* make({ path })
          const error = yield* Effect.flip(store.get(keyOf(1)))
          assert.strictEqual(error.operation, "get")
          assert.match(error.message, /^The cache's store \([a-z ]+\) could not get: .{10,}/)
          assert.include(error.message, `(${path})`)
        })
      )
    }

    for (const [what, path] of [
      ["no folder", "/proc/kimi-effect/cache/entries"],
      ["nothing", "/proc/entries"]
    ] as const) {
      it.effect.skipIf(process.platform !== "linux")(`fails where ${what} can be created`, () =>
        Effect.gen(function* () {
          const store = yield* make({ path })
          const error = yield* Effect.flip(store.get(keyOf(1)))
          assert.include(error.message, "it does not exist (ENOENT)")
        })
      )
    }

    it.effect("is used once its path is usable", () =>
      Effect.gen(function* () {
        const parent = join(yield* folder, "cache")
        writeFileSync(parent, "in the way")
        const store = yield* make({ path: join(parent, "entries") })
        yield* Effect.flip(store.get(keyOf(1)))
        unlinkSync(parent)
        yield* keep(store, keyOf(1), bytesOf(10))
        assertEntry(yield* store.get(keyOf(1)), bytesOf(10))
      })
    )

    it.effect("creates a folder that was removed in use", () =>
      Effect.gen(function* () {
        const parent = join(yield* folder, "cache")
        const store = yield* make({ path: join(parent, "entries") })
        yield* keep(store, keyOf(1), bytesOf(10))
        rmSync(parent, { recursive: true })
        yield* TestClock.adjust("1 hour")
        yield* keep(store, keyOf(2), bytesOf(10))
        const other = yield* make({ path: join(parent, "entries") })
        assertEntry(yield* other.get(keyOf(2)), bytesOf(10))
      })
    )

    it.effect.skipIf(!canMount)("fails while the volume is read-only", () =>
      Effect.gen(function* () {
        const disk = yield* volume(8_192)
        disk.readOnly()
        const store = yield* make({ path: join(disk.path, "cache", "entries") })
        const error = yield* Effect.flip(keep(store, keyOf(1), bytesOf(10)))
        assert.include(error.message, "the file system is read-only (EROFS)")
        disk.writable()
        yield* keep(store, keyOf(1), bytesOf(10))
        assertEntry(yield* store.get(keyOf(1)), bytesOf(10))
      })
    )

    it.effect.skipIf(!canMount)("fails while the volume is full", () =>
      Effect.gen(function* () {
        const disk = yield* volume(4_096)
        const store = yield* make({ path: join(disk.path, "cache", "entries") })
        yield* keep(store, keyOf(1), bytesOf(10))
        disk.fill()
        const error = yield* Effect.flip(
          Effect.forEach([2, 3, 4], (i) => keep(store, keyOf(i), bytesOf(200_000)), { discard: true })
        )
        assert.match(error.message, /the disk is full \(ENOSPC\)|database or disk is full|disk I\/O error/)
        disk.clear()
        yield* keep(store, keyOf(2), bytesOf(200_000))
        assertEntry(yield* store.get(keyOf(2)), bytesOf(200_000))
      })
    )

    it.effect.skipIf(!canMount)("is used once a volume has room that was full from the start", () =>
      Effect.gen(function* () {
        const disk = yield* volume(2_048)
        disk.fill()
        const store = yield* make({ path: join(disk.path, "cache", "entries") })
        yield* Effect.flip(keep(store, keyOf(1), bytesOf(20_000)))
        disk.clear()
        yield* keep(store, keyOf(1), bytesOf(20_000))
        assertEntry(yield* store.get(keyOf(1)), bytesOf(20_000))
      })
    )
  })
}

describe("CacheStore.makeSqlite", () => {
  it.effect("restricts the log of a file that others could read", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      const store = yield* openSqlite({ path })
      yield* keep(store, keyOf(1), bytesOf(10))
      const files = [path, `${path}-wal`, `${path}-shm`]
      for (const file of files) chmodSync(file, 0o644)
      yield* openSqlite({ path })
      assert.deepStrictEqual(
        files.map((file) => statSync(file).mode & 0o777),
        [0o600, 0o600, 0o600]
      )
    })
  )

  it.effect("leaves a file of another application that has the name of its lock", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "entries.db")
      const lock = SqliteOpenLock.pathOf(path)
      writeFileSync(lock, "my notes")
      const store = yield* openSqlite({ path })
      const error = yield* Effect.flip(store.get(keyOf(1)))
      assert.include(error.message, `the file ${lock}, which locks it, is another application's`)
      assert.strictEqual(statSync(lock).size, 8)
    })
  )

  it.effect("leaves a file that another application has put in the place of an open one", () =>
    Effect.gen(function* () {
      const path = yield* databaseFile
      const store = yield* openSqlite({ path })
      const mine = "my notes\n".repeat(2_000)
      for (const end of ["-wal", "-shm"]) rmSync(`${path}${end}`)
      writeFileSync(`${path}.new`, mine)
      renameSync(`${path}.new`, path)
      yield* useAll(store)
      assert.strictEqual(statSync(path).size, mine.length)
      yield* Effect.flip(store.get(keyOf(1)))
    })
  )
})

describe("CacheStore.makeFile", () => {
  it.effect("uses the root of a new volume", () =>
    Effect.gen(function* () {
      const path = yield* folder
      mkdirSync(join(path, "lost+found"))
      const store = yield* openFile({ path })
      yield* keep(store, keyOf(1), bytesOf(10))
    })
  )

  it.effect("keeps a folder to its owner that others could read", () =>
    Effect.gen(function* () {
      const path = yield* folder
      chmodSync(path, 0o777)
      yield* openFile({ path })
      assert.strictEqual(statSync(path).mode & 0o777, 0o700)
    })
  )

  it.effect("keeps an entry to its owner that others could read", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const store = yield* openFile({ path })
      yield* keep(store, keyOf(1), bytesOf(10))
      const entry = EntryFolder.pathOf(path, EntryFolder.nameOf(keyOf(1)))
      chmodSync(entry, 0o644)
      assertEntry(yield* store.get(keyOf(1)), bytesOf(10))
      assert.strictEqual(statSync(entry).mode & 0o777, 0o600)
    })
  )

  it.effect("does not follow a symbolic link in the place of an entry", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const store = yield* openFile({ path })
      yield* keep(store, keyOf(1), bytesOf(10))
      const entry = EntryFolder.pathOf(path, EntryFolder.nameOf(keyOf(1)))
      const elsewhere = join(yield* folder, "entry")
      renameSync(entry, elsewhere)
      symlinkSync(elsewhere, entry)
      assert.deepStrictEqual(yield* store.get(keyOf(1)), Option.none())
      assert.isTrue(statSync(elsewhere).isFile())
    })
  )

  it.effect("does not remove files from a folder that a symbolic link leads to", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const store = yield* openFile({ path })
      yield* keep(store, keyOf(1), bytesOf(10))
      const part = dirname(EntryFolder.pathOf(path, EntryFolder.nameOf(keyOf(1))))
      const elsewhere = join(yield* folder, "part")
      renameSync(part, elsewhere)
      symlinkSync(elsewhere, part)
      yield* store.clear
      assert.isTrue(statSync(join(elsewhere, EntryFolder.nameOf(keyOf(1)))).isFile())
    }).pipe(Effect.provide(Logger.layer([])))
  )
})
