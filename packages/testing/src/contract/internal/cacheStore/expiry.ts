/** Expiry of entries. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import { assertEntry, assertNone, bytesOf, keep, keptFor, keyOf } from "../CacheEntries.ts"
import { eventually } from "../eventually.ts"
import { equal } from "../expect.ts"
import type { Subject } from "./Subject.ts"

export const register = ({ make, test }: Subject): void => {
  test("removes the previous entry when it sets one that has already expired", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* keep(store, keyOf(1), bytesOf(10))
      yield* store.set(keyOf(1), bytesOf(11), yield* keptFor(0))
      assertNone(yield* store.get(keyOf(1)))
    }))
}

export const registerWithTestClock = ({ make, test }: Subject): void => {
  test("expires an entry exactly at its time", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* store.set(keyOf(1), bytesOf(10), yield* keptFor(1_000))
      yield* store.set(keyOf(2), bytesOf(10), { expiresAt: Number.POSITIVE_INFINITY, tags: [] })
      yield* TestClock.adjust(999)
      assertEntry(yield* store.get(keyOf(1)), bytesOf(10))
      equal((yield* store.statistics).entries, 2)
      yield* TestClock.adjust(1)
      assertNone(yield* store.get(keyOf(1)))
      equal((yield* store.statistics).entries, 1)
    }))

  test("never expires an entry without an end", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* store.set(keyOf(1), bytesOf(10), { expiresAt: Number.POSITIVE_INFINITY, tags: [] })
      yield* TestClock.adjust("1 day")
      assertEntry(yield* store.get(keyOf(1)), bytesOf(10))
    }))
}

export const registerWithServerClock = ({ make, test }: Subject): void => {
  test("expires an entry after its time", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* store.set(keyOf(1), bytesOf(10), yield* keptFor(50, "t"))
      yield* store.set(keyOf(2), bytesOf(10), { expiresAt: Number.POSITIVE_INFINITY, tags: ["t"] })
      yield* eventually(Effect.map(store.get(keyOf(1)), Option.isNone), "the entry expires")
      equal((yield* store.statistics).entries, 1)
      assertEntry(yield* store.get(keyOf(2)), bytesOf(10))
    }))
}
