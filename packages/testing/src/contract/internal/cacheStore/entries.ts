/** Storing and reading entries. */
import * as Effect from "effect/Effect"
import { assertEntry, assertNone, bytesOf, keep, keyOf } from "../CacheEntries.ts"
import { equal, isTrue } from "../expect.ts"
import type { Subject } from "./Subject.ts"

export const register = ({ location, make, name, open, test }: Subject): void => {
  test("reports its name", () => Effect.map(make, (store) => equal(store.name, name)))

  test("returns entries of 0 bytes to 5 MiB as they were set", () =>
    Effect.gen(function* () {
      const store = yield* make
      const sizes = [0, 1, 2, 3, 2_047, 2_048, 4_096, 65_537, 1_048_576, 5_242_880]
      for (const size of sizes) yield* keep(store, keyOf(size), bytesOf(size, size + 1))
      for (const size of sizes) assertEntry(yield* store.get(keyOf(size)), bytesOf(size, size + 1))
    }))

  test("returns none for a key that was never set", () =>
    Effect.gen(function* () {
      const store = yield* make
      assertNone(yield* store.get(keyOf("never set")))
    }))

  test("copies the bytes when they are set", () =>
    Effect.gen(function* () {
      const store = yield* make
      const memory = bytesOf(1_000)
      const view = memory.subarray(100, 200)
      yield* keep(store, keyOf("view"), view)
      memory.fill(0)
      assertEntry(yield* store.get(keyOf("view")), bytesOf(1_000).subarray(100, 200))
    }))

  test("replaces the entry of a key", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* keep(store, keyOf(1), bytesOf(9_000, 1))
      yield* keep(store, keyOf(1), bytesOf(30, 2))
      assertEntry(yield* store.get(keyOf(1)), bytesOf(30, 2))
    }))

  test("counts entries with their bytes", () =>
    Effect.gen(function* () {
      const store = yield* make
      equal(yield* store.statistics, { entries: 0, bytes: 0 })
      for (let i = 0; i < 300; i += 1) yield* keep(store, keyOf(i), bytesOf(1_000, i + 1))
      for (let i = 0; i < 100; i += 1) yield* keep(store, keyOf(i), bytesOf(500, i + 1))
      yield* store.remove(keyOf(0))
      const { bytes, entries } = yield* store.statistics
      equal(entries, 299)
      const kept = 200 * 1_000 + 99 * 500
      isTrue(bytes >= kept && bytes < kept * 1.5, `${bytes} bytes for ${kept}`)
    }))

  const restarted = Effect.gen(function* () {
    const path = yield* location
    yield* Effect.scoped(
      Effect.gen(function* () {
        const store = yield* open(path)
        for (let i = 0; i < 20; i += 1) {
          yield* keep(store, keyOf(i), bytesOf(3_000, i + 1), i % 2 === 0 ? "even" : "odd")
        }
      })
    )
    return yield* open(path)
  })

  test("finds its entries after a restart", () =>
    Effect.gen(function* () {
      const store = yield* restarted
      for (let i = 0; i < 20; i += 1) assertEntry(yield* store.get(keyOf(i)), bytesOf(3_000, i + 1))
    }))

  test("finds its tags after a restart", () =>
    Effect.gen(function* () {
      const store = yield* restarted
      yield* store.removeTag("even")
      equal((yield* store.statistics).entries, 10)
    }))
}
