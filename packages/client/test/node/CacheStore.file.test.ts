import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { assertEntry, bytesOf, keep, keptFor, keyOf } from "@kimi-effect/testing/internal/CacheEntries"
import { Duration, Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import * as CacheStore from "../../src/node/CacheStore.ts"
import * as EntryFolder from "../../src/node/internal/EntryFolder.ts"
import { openFile } from "./support/cache/open.ts"
import { folder } from "./support/files.ts"

const megabyte = 1_048_576

const filesOf = (root: string): ReadonlyArray<string> =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()

/** Bytes of all files, of which some may go meanwhile. */
const sizeOf = (root: string): number =>
  filesOf(root).reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0)

/** Waits for files, with the clock of the tests standing still. */
const untilFiles = (isTrue: () => boolean) =>
  Effect.promise(async () => {
    for (let turn = 0; turn < 2_000 && !isTrue(); turn++) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.isTrue(isTrue(), "it never came true")
  })

describe("CacheStore.layerFile", () => {
  it.effect("creates files that only their owner can read, whose names reveal neither keys nor tags", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "cache")
      const store = yield* CacheStore.makeFile({ path })
      yield* keep(store, keyOf(1), bytesOf(10), "secret tag")
      const [name = "", ...rest] = filesOf(path)
      assert.deepStrictEqual(rest, [])
      assert.strictEqual(statSync(name).mode & 0o777, 0o600)
      assert.strictEqual(statSync(join(name, "..")).mode & 0o777, 0o700)
      assert.strictEqual(statSync(path).mode & 0o777, 0o700)
      assert.notInclude(name, keyOf(1).slice(0, 8))
      const content = Buffer.from(
        yield* Effect.promise(() => import("node:fs/promises").then((fs) => fs.readFile(name)))
      )
      assert.isFalse(content.includes("secret"))
    })
  )

  it.effect("leaves no incomplete entry when it is interrupted", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const store = yield* CacheStore.makeFile({ path })
      for (let i = 0; i < 60; i++) {
        const fiber = yield* Effect.forkChild(keep(store, keyOf(i), bytesOf(2_000_000)))
        for (let turn = 0; turn < i % 12; turn++) yield* Effect.promise(() => new Promise(setImmediate))
        yield* Fiber.interrupt(fiber)
      }
      yield* untilFiles(() => readdirSync(join(path, EntryFolder.tempFolder)).length === 0)
      for (const file of filesOf(path)) assert.isAbove(statSync(file).size, 2_000_000)
    })
  )

  it.effect("removes the temporary files of killed processes only", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const writing = join(path, EntryFolder.tempFolder)
      mkdirSync(writing)
      for (const [name, seconds] of [
        ["old", 10],
        ["new", 3_000]
      ] as const) {
        writeFileSync(join(writing, name), "half")
        utimesSync(join(writing, name), seconds, seconds)
      }
      yield* TestClock.adjust("3700 seconds")
      yield* CacheStore.makeFile({ path })
      yield* untilFiles(() => !existsSync(join(writing, "old")))
      assert.deepStrictEqual(readdirSync(writing), ["new"])
    })
  )

  it.effect("removes expired entries in the background, but no other files", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const others = [join(path, "notes.txt"), join(path, "ab", "notes.txt"), join(path, "zz", "f".repeat(64))]
      const store = yield* openFile({ path, sweepInterval: Duration.minutes(5) })
      for (const other of others) {
        mkdirSync(join(other, ".."), { recursive: true })
        writeFileSync(other, "mine")
        utimesSync(other, 1, 1)
      }
      for (let i = 0; i < 50; i++) yield* store.set(keyOf(i), bytesOf(100), yield* keptFor(60_000))
      yield* keep(store, keyOf("stays"), bytesOf(10))
      yield* TestClock.adjust("299 seconds")
      assert.strictEqual(filesOf(path).length, 51 + others.length)
      yield* TestClock.adjust("1 seconds")
      yield* untilFiles(() => filesOf(path).length === 1 + others.length)
      assertEntry(yield* store.get(keyOf("stays")), bytesOf(10))
      yield* store.clear
      assert.deepStrictEqual(filesOf(path), others.toSorted())
    })
  )

  it.effect("counts entries that are written after the running sweep has passed", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const store = yield* CacheStore.makeFile({ path, maxBytes: megabyte, sweepInterval: "1 hour" })
      for (let i = 0; i < 400; i++) yield* store.set(keyOf(i), bytesOf(10), yield* keptFor(7_200_000))
      const part = readdirSync(path).find((name) => /^[0-9a-f]{2}$/.test(name)) ?? assert.fail("there is no part")
      const [expired, passed] = Array.from({ length: 5_000 }, (_, i) => keyOf(`in ${i}`)).filter((key) =>
        EntryFolder.nameOf(key).startsWith(part)
      )
      if (expired === undefined || passed === undefined) return assert.fail("no key is kept in this part")
      const first = EntryFolder.pathOf(path, EntryFolder.nameOf(expired))
      yield* keep(store, expired, bytesOf(10))
      for (let i = 0; i < 4; i++) yield* store.set(keyOf(`large ${i}`), bytesOf(200_000), yield* keptFor(7_200_000))
      const last = join(path, EntryFolder.tempFolder, "left over")
      writeFileSync(last, "half")
      utimesSync(last, 0, 0)
      // The sweep passes one part first, and ends with incomplete files.
      yield* TestClock.adjust("1 hour")
      yield* untilFiles(() => !existsSync(first))
      yield* keep(store, passed, bytesOf(200_000))
      yield* untilFiles(() => !existsSync(last))
      yield* keep(store, keyOf("too much"), bytesOf(200_000))
      yield* untilFiles(() => sizeOf(path) <= megabyte)
    })
  )

  it.effect("removes the least recently used entries when it is full", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const maxBytes = megabyte
      const store = yield* CacheStore.makeFile({ path, maxBytes })
      const used = [0, 1, 2]
      for (let i = 0; i < 90; i++) {
        yield* keep(store, keyOf(i), bytesOf(10_000, i + 1))
        yield* TestClock.adjust("30 seconds")
      }
      for (const i of used) yield* store.get(keyOf(i))
      for (let i = 90; i < 110; i++) yield* keep(store, keyOf(i), bytesOf(10_000, i + 1))
      yield* untilFiles(() => sizeOf(path) <= maxBytes)
      for (const i of used) assertEntry(yield* store.get(keyOf(i)), bytesOf(10_000, i + 1))
      assert.deepStrictEqual(yield* store.get(keyOf(3)), Option.none())
      assertEntry(yield* store.get(keyOf(109)), bytesOf(10_000, 110))
    })
  )

  it.effect("does not count a lookup of a tag or expiry as a use", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const store = yield* CacheStore.makeFile({ path })
      for (let i = 0; i < 20; i++) yield* keep(store, keyOf(i), bytesOf(10), "kept")
      const uses = () => filesOf(path).map((file) => statSync(file).atimeMs)
      const before = uses()
      yield* TestClock.adjust("10 minutes")
      yield* store.removeTag("another")
      yield* store.statistics
      assert.deepStrictEqual(uses(), before)
      yield* store.get(keyOf(1))
      assert.deepStrictEqual(
        uses().filter((use) => use !== 0),
        [600_000]
      )
    })
  )

  it.effect("shares its entries with another process", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const [one, other] = [yield* CacheStore.makeFile({ path }), yield* CacheStore.makeFile({ path })]
      yield* keep(one, keyOf(1), bytesOf(10), "t")
      assertEntry(yield* other.get(keyOf(1)), bytesOf(10))
      yield* other.removeTag("t")
      assert.deepStrictEqual(yield* one.get(keyOf(1)), Option.none())
    })
  )

  it.effect("refuses options that cannot be used", () =>
    Effect.gen(function* () {
      const path = yield* folder
      for (const options of [{ path: "" }, { path, maxBytes: 1 }, { path, sweepInterval: "Infinity" as const }]) {
        assert.strictEqual((yield* Effect.flip(CacheStore.makeFile(options)))._tag, "ConfigurationError")
      }
    })
  )
})
