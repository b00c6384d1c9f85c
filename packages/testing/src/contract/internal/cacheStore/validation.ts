/** Rejection of invalid keys and options. */
import type { CacheStoreError } from "@kimi-effect/core/CacheErrors"
import * as Effect from "effect/Effect"
import { bytesOf, keep, keyOf } from "../CacheEntries.ts"
import { equal, failureOf, isTrue } from "../expect.ts"
import type { Subject } from "./Subject.ts"

const invalidKeys = [
  "",
  "abc",
  "../../../../etc/passwd",
  keyOf(1).toUpperCase(),
  `${keyOf(1)}\0`,
  `${keyOf(1)}*`,
  "f".repeat(129),
  "g".repeat(64)
]

const accepted = (key: string): string => `the store accepted the key ${JSON.stringify(key)}`

const tags = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => `secret ${i}`)

export const register = ({ make, name, test }: Subject): void => {
  const assertRejected = (error: CacheStoreError): void => {
    equal(error._tag, "CacheStoreError")
    equal(error.store, name)
  }

  test("rejects invalid keys without repeating them in the error", () =>
    Effect.gen(function* () {
      const store = yield* make
      for (const key of invalidKeys) {
        const errors = [
          yield* failureOf(store.get(key), accepted(key)),
          yield* failureOf(keep(store, key, bytesOf(1)), accepted(key)),
          yield* failureOf(store.remove(key), accepted(key))
        ]
        for (const error of errors) {
          assertRejected(error)
          isTrue(key.length === 0 || !error.message.includes(key), `the error has the key: ${error.message}`)
        }
      }
    }))

  test("rejects more than 64 tags without repeating them in the error", () =>
    Effect.gen(function* () {
      const store = yield* make
      const error = yield* failureOf(keep(store, keyOf(1), bytesOf(1), ...tags(65)), "the store accepted 65 tags")
      assertRejected(error)
      equal(error.operation, "set")
      isTrue(!error.message.includes("secret"), `the error has a tag: ${error.message}`)
    }))

  test("rejects an expiry that is not a number", () =>
    Effect.gen(function* () {
      const store = yield* make
      const error = yield* failureOf(
        store.set(keyOf(1), bytesOf(1), { expiresAt: Number.NaN, tags: [] }),
        "the store accepted the expiry NaN"
      )
      assertRejected(error)
    }))

  test("rejects an entry of 300 MB", () =>
    Effect.gen(function* () {
      const store = yield* make
      const error = yield* failureOf(keep(store, keyOf(1), new Uint8Array(300_000_000)), "the store accepted 300 MB")
      assertRejected(error)
    }))

  test("accepts 64 distinct tags, with one of them repeated", () =>
    Effect.gen(function* () {
      const store = yield* make
      yield* keep(store, keyOf(1), bytesOf(1), ...tags(65).slice(1), "secret 1")
      yield* store.removeTag("secret 64")
      equal((yield* store.statistics).entries, 0)
    }))
}
