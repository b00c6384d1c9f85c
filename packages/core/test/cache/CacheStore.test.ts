import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Option } from "effect"
import * as CacheStore from "../../src/cache/CacheStore.ts"

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
