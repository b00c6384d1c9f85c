/** Removing entries by key, by tag, and all at once. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { assertEntry, assertNone, bytesOf, keep, keyOf } from "../CacheEntries.ts"
import { equal, isTrue } from "../expect.ts"
import type { Subject } from "./Subject.ts"

const registerKeys = ({ make, test }: Subject): void => {
  test("keeps an entry whose key begins with the key that is removed", () =>
    Effect.gen(function* () {
      const store = yield* make
      const longer = `${keyOf(1)}${keyOf(2)}`
      yield* keep(store, keyOf(1), bytesOf(10, 1))
      yield* keep(store, longer, bytesOf(10, 2))
      yield* keep(store, keyOf(3), bytesOf(10, 3))
      yield* store.remove(keyOf(1))
      assertNone(yield* store.get(keyOf(1)))
      assertEntry(yield* store.get(longer), bytesOf(10, 2))
    }))
}

export const register = (subject: Subject): void => {
  const { make, test } = subject
  registerKeys(subject)

  test("removes one entry", () =>
    Effect.gen(function* () {
      const store = yield* make
      for (const i of [1, 2]) yield* keep(store, keyOf(i), bytesOf(10, i))
      yield* store.remove(keyOf(1))
      assertNone(yield* store.get(keyOf(1)))
      assertEntry(yield* store.get(keyOf(2)), bytesOf(10, 2))
    }))

  test("ignores the removal of an entry that does not exist", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* store.remove(keyOf(1))
      equal((yield* store.statistics).entries, 0)
    }))

  test("replaces the tags of a key together with its entry", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* keep(store, keyOf(1), bytesOf(9_000, 1), "old", "both")
      yield* keep(store, keyOf(1), bytesOf(30, 2), "both", "new")
      yield* store.removeTag("old")
      assertEntry(yield* store.get(keyOf(1)), bytesOf(30, 2))
      yield* store.removeTag("new")
      assertNone(yield* store.get(keyOf(1)))
      yield* keep(store, keyOf(1), bytesOf(30, 3))
      yield* store.removeTag("both")
      assertEntry(yield* store.get(keyOf(1)), bytesOf(30, 3))
    }))

  test("removes exactly the entries with a tag", () =>
    Effect.gen(function* () {
      const store = yield* make
      const keys = Array.from({ length: 600 }, (_, i) => keyOf(i))
      const tags = ["tenant:a", "tenant:a*", "with 'quotes', | and \u0000 ✓", "x".repeat(10_000)]
      const tagOf = (i: number): string => tags[i % 2 === 0 ? 0 : (i % 3) + 1] ?? ""
      yield* Effect.forEach(keys, (key, i) => keep(store, key, bytesOf(10, i + 1), tagOf(i), "m"), { concurrency: 8 })
      yield* store.removeTag("tenant:a")
      const found = yield* Effect.forEach(keys, store.get, { concurrency: 8 })
      isTrue(
        found.every((entry, i) => Option.isSome(entry) === (i % 2 === 1)),
        "the entries that remain are not those without the tag"
      )
      for (const tag of tags) yield* store.removeTag(tag)
      equal((yield* store.statistics).entries, 0)
    }))

  test("ignores the removal of a tag that was never used", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* keep(store, keyOf(1), bytesOf(10), "used")
      yield* store.removeTag("never used")
      assertEntry(yield* store.get(keyOf(1)), bytesOf(10))
    }))

  test("clears all entries of its location only", () =>
    Effect.gen(function* () {
      const store = yield* make
      const other = yield* make
      yield* keep(other, keyOf(1), bytesOf(10))
      const numbers = Array.from({ length: 600 }, (_, i) => i)
      yield* Effect.forEach(numbers, (i) => keep(store, keyOf(i), bytesOf(10), "t"), { concurrency: 8 })
      yield* store.clear
      const found = yield* Effect.forEach(numbers, (i) => store.get(keyOf(i)), { concurrency: 8 })
      for (const entry of found) assertNone(entry)
      equal((yield* store.statistics).entries, 0)
      assertEntry(yield* other.get(keyOf(1)), bytesOf(10))
    }))

  test("stores entries after it was cleared", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* keep(store, keyOf(1), bytesOf(10), "t")
      yield* store.clear
      yield* keep(store, keyOf(1), bytesOf(11), "t")
      assertEntry(yield* store.get(keyOf(1)), bytesOf(11))
    }))
}
