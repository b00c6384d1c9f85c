import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import * as CheckedStore from "../../../src/cache/internal/CheckedStore.ts"
import type { CacheStoreError } from "../../../src/errors/CacheErrors.ts"
import { layerDigest } from "../support/cache.ts"

const key = "0123456789abcdef".repeat(2)
const entry = new Uint8Array([1, 2, 3])

/** A store that notes what its backend is asked. */
const make = Effect.fnUntraced(function* (members: Partial<CheckedStore.StoreBackend> = {}) {
  const asked: Array<string> = []
  const store = yield* Effect.provide(
    CheckedStore.make("test", 3, {
      get: (name) => Effect.sync(() => void asked.push(`get ${name}`)).pipe(Effect.as(Option.none())),
      set: (name, bytes, expiresAt, tags) =>
        Effect.sync(
          () => void asked.push(`set ${name} ${bytes.length} ${expiresAt} ${tags.map((tag) => tag.length).join()}`)
        ),
      remove: (name) => Effect.sync(() => void asked.push(`remove ${name}`)),
      removeTag: (tag) => Effect.sync(() => void asked.push(`removeTag ${tag.length}`)),
      clear: Effect.sync(() => void asked.push("clear")),
      statistics: Effect.succeed({ entries: 0, bytes: 0 }),
      ...members
    }),
    layerDigest
  )
  return { asked, store }
})

const keeping = (expiresAt: number, tags: ReadonlyArray<string> = []) => ({ expiresAt, tags })

describe("a store of a cache", () => {
  it.effect("passes an entry on with digests of its tags", () =>
    Effect.gen(function* () {
      const { asked, store } = yield* make()
      yield* store.set(key, entry, keeping(1_000.5, ["a", "b", "a"]))
      yield* store.get(key)
      yield* store.removeTag("a")
      yield* store.remove(key)
      yield* store.clear
      assert.deepStrictEqual(asked, [`set ${key} 3 1001 32,32`, `get ${key}`, "removeTag 32", `remove ${key}`, "clear"])
    })
  )

  it.effect("removes an entry that has expired instead of writing it", () =>
    Effect.gen(function* () {
      const { asked, store } = yield* make()
      yield* TestClock.adjust("1 second")
      yield* store.set(key, entry, keeping(1_000))
      yield* store.set(key, entry, keeping(1_001))
      assert.deepStrictEqual(asked, [`remove ${key}`, `set ${key} 3 1001 `])
    })
  )

  it.effect("keeps an entry without an end as long as numbers reach", () =>
    Effect.gen(function* () {
      const { asked, store } = yield* make()
      yield* store.set(key, entry, keeping(Number.POSITIVE_INFINITY))
      assert.deepStrictEqual(asked, [`set ${key} 3 ${Number.MAX_SAFE_INTEGER} `])
    })
  )

  it.effect("accepts as many tags as entries may have", () =>
    Effect.gen(function* () {
      const { asked, store } = yield* make()
      const tags = Array.from({ length: 64 }, (_, number) => `${number}`)
      yield* store.set(key, entry, keeping(1_000, tags))
      assert.lengthOf(asked, 1)
      const error = yield* Effect.flip(store.set(key, entry, keeping(1_000, [...tags, "one more"])))
      assert.deepInclude(error, { operation: "set", store: "test" })
      assert.include(error.message, "The cache's store (test) could not set: an entry has more than 64 tags")
    })
  )

  for (const invalid of ["", "0123", key.toUpperCase(), `${key}/`, `/${key}`, "0".repeat(129)]) {
    it.effect(`refuses the key "${invalid.slice(0, 40)}" of ${invalid.length} characters`, () =>
      Effect.gen(function* () {
        const { asked, store } = yield* make()
        const operations: ReadonlyArray<Effect.Effect<unknown, CacheStoreError>> = [
          store.get(invalid),
          store.set(invalid, entry, keeping(1_000)),
          store.remove(invalid)
        ]
        const errors = yield* Effect.forEach(operations, (operation) => Effect.flip(operation))
        assert.deepStrictEqual(
          errors.map(({ operation }) => operation),
          ["get", "set", "remove"]
        )
        for (const { message } of errors) assert.include(message, "a key is 32 to 128 lowercase hexadecimal digits")
        assert.deepStrictEqual(asked, [])
      })
    )
  }

  it.effect("refuses an entry that is larger than allowed", () =>
    Effect.gen(function* () {
      const { store } = yield* make()
      const error = yield* Effect.flip(store.set(key, new Uint8Array(4), keeping(1_000)))
      assert.strictEqual(error.operation, "set")
      assert.include(error.message, "an entry is larger than 3 bytes")
    })
  )

  it.effect("refuses an end that is no number", () =>
    Effect.gen(function* () {
      const { store } = yield* make()
      const error = yield* Effect.flip(store.set(key, entry, keeping(Number.NaN)))
      assert.strictEqual(error.operation, "set")
      assert.include(error.message, "expiresAt is not a number")
    })
  )

  it.effect("can be tested where its backend can", () =>
    Effect.gen(function* () {
      assert.notProperty((yield* make()).store, "check")
      const { store } = yield* make({ check: Effect.void })
      assert.strictEqual(store.check, Effect.void)
    })
  )
})
