import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import * as CacheStore from "../../src/cache/CacheStore.ts"
import { layerDigest } from "./support/cache.ts"

const key = (n: number): string => n.toString(16).padStart(64, "0")
const megabyte = 1_048_576
const later = { expiresAt: Number.POSITIVE_INFINITY, tags: [] }

describe("CacheStore.layerMemory", () => {
  it.effect("provides a store in memory without options", () =>
    Effect.gen(function* () {
      const services = yield* Layer.build(CacheStore.layer())
      assert.strictEqual(Context.get(services, CacheStore.CacheStore).name, "memory")
    })
  )

  it.effect("removes the least recently used entry when there is no room", () =>
    Effect.gen(function* () {
      const store = yield* CacheStore.makeMemory({ maxBytes: megabyte })
      const entry = new Uint8Array(megabyte / 4)
      for (const n of [1, 2, 3]) yield* store.set(key(n), entry, later)
      yield* store.get(key(1))
      yield* store.set(key(4), entry, later)
      const found = yield* Effect.forEach([1, 2, 3, 4], (n) => Effect.map(store.get(key(n)), Option.isSome))
      assert.deepStrictEqual(found, [true, false, true, true])
    })
  )

  it.effect("keeps no room for an entry that was found expired", () =>
    Effect.gen(function* () {
      const store = yield* CacheStore.makeMemory({ maxBytes: megabyte })
      const entry = new Uint8Array(megabyte / 4)
      yield* store.set(key(1), entry, { expiresAt: 1_000, tags: [] })
      for (const n of [2, 3]) yield* store.set(key(n), entry, later)
      yield* TestClock.adjust("1 second")
      yield* store.get(key(1))
      yield* store.set(key(4), entry, later)
      const found = yield* Effect.forEach([2, 3, 4], (n) => Effect.map(store.get(key(n)), Option.isSome))
      assert.deepStrictEqual(found, [true, true, true])
    })
  )

  it.effect("refuses an entry larger than a quarter of its size", () =>
    Effect.gen(function* () {
      const store = yield* CacheStore.makeMemory({ maxBytes: megabyte })
      const error = yield* Effect.flip(store.set(key(1), new Uint8Array(megabyte / 4 + 1), later))
      assert.deepInclude({ ...error }, { _tag: "CacheStoreError", store: "memory", operation: "set" })
      assert.include(error.message, "an entry is larger than 262144 bytes")
    })
  )

  it.effect("bounds the number of entries without bytes", () =>
    Effect.gen(function* () {
      const store = yield* CacheStore.makeMemory({ maxBytes: megabyte })
      for (let n = 0; n < 20_000; n++) yield* store.set(key(n), new Uint8Array(), later)
      assert.strictEqual((yield* store.statistics).entries, megabyte / 64)
    })
  )

  it.effect("refuses a size in which no entry has room", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(CacheStore.makeMemory({ maxBytes: 1_000 }))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["CacheStore maxBytes"]
      )
    })
  )
})

describe("CacheStore.makeMemory", () => {
  const first = "a".repeat(32)
  const second = "b".repeat(32)
  const make = Effect.provide(CacheStore.makeMemory(), layerDigest)
  const bytes = new Uint8Array([1, 2, 3])

  it.effect("keeps an entry until it expires", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      const store = yield* make
      yield* store.set(first, bytes, { expiresAt: 3_601_000, tags: [] })
      yield* TestClock.adjust("999 millis")
      assert.isTrue(Option.isSome(yield* store.get(first)))
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Option.isNone(yield* store.get(first)))
    })
  )

  it.effect("counts entries with their bytes, without those that have expired", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* store.set(first, bytes, { expiresAt: 1_000, tags: [] })
      yield* store.set(second, bytes, { expiresAt: 2_000, tags: [] })
      assert.deepStrictEqual(yield* store.statistics, { entries: 2, bytes: 6 })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* store.statistics, { entries: 1, bytes: 3 })
    })
  )

  it.effect("removes an entry by its key", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* store.set(first, bytes, { expiresAt: 1_000, tags: [] })
      yield* store.set(second, bytes, { expiresAt: 1_000, tags: [] })
      yield* store.remove(first)
      assert.deepStrictEqual([yield* store.get(first), Option.isSome(yield* store.get(second))], [Option.none(), true])
    })
  )

  it.effect("removes entries by their tag", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* store.set(first, bytes, { expiresAt: 1_000, tags: ["x", "y"] })
      yield* store.set(second, bytes, { expiresAt: 1_000, tags: ["y"] })
      yield* store.removeTag("x")
      assert.deepStrictEqual([yield* store.get(first), Option.isSome(yield* store.get(second))], [Option.none(), true])
    })
  )

  it.effect("removes everything", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* store.set(first, bytes, { expiresAt: 1_000, tags: [] })
      yield* store.clear
      assert.deepStrictEqual(yield* store.statistics, { entries: 0, bytes: 0 })
    })
  )
})
