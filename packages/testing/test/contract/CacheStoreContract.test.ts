import { assert, describe, it } from "@effect/vitest"
import { CacheStore } from "@kimi-effect/core/CacheStore"
import { CacheStoreError } from "@kimi-effect/core/CacheErrors"
import { Clock, Effect, Exit, Layer, Option } from "effect"
import * as Scope from "effect/Scope"
import * as CacheStoreContract from "../../src/contract/CacheStoreContract.ts"
import type { It } from "../../src/contract/TestRunner.ts"

interface Entry {
  readonly bytes: Uint8Array
  readonly expiresAt: number
  readonly tags: ReadonlySet<string>
}

const isKey = (key: string): boolean => /^[0-9a-f]{32,128}$/.test(key)

/** A store in memory. `entriesAt` has the entries of each location. */
const makeStore = (entries: Map<string, Entry>): Effect.Effect<CacheStore["Service"]> =>
  Effect.map(Clock.Clock, (clock) => {
    const fail = (operation: string) => new CacheStoreError({ message: "Invalid input", store: "map", operation })
    const check = (isValid: boolean, operation: string) => (isValid ? Effect.void : Effect.fail(fail(operation)))
    const current = () => {
      for (const [key, { expiresAt }] of entries) {
        if (expiresAt <= clock.currentTimeMillisUnsafe()) entries.delete(key)
      }
      return entries
    }
    return {
      name: "map",
      get: (key) =>
        Effect.andThen(
          check(isKey(key), "get"),
          Effect.sync(() => Option.fromUndefinedOr(current().get(key)?.bytes))
        ),
      set: (key, bytes, { expiresAt, tags }) =>
        Effect.andThen(
          check(isKey(key) && new Set(tags).size <= 64 && !Number.isNaN(expiresAt) && bytes.length < 2e8, "set"),
          Effect.sync(() => void entries.set(key, { bytes: bytes.slice(), expiresAt, tags: new Set(tags) }))
        ),
      remove: (key) =>
        Effect.andThen(
          check(isKey(key), "remove"),
          Effect.sync(() => void entries.delete(key))
        ),
      removeTag: (tag) =>
        Effect.sync(() => {
          for (const [key, { tags }] of entries) if (tags.has(tag)) entries.delete(key)
        }),
      clear: Effect.sync(() => entries.clear()),
      statistics: Effect.sync(() => ({
        entries: current().size,
        bytes: [...entries.values()].reduce((total, { bytes }) => total + bytes.length, 0)
      }))
    }
  })

type Change = (store: CacheStore["Service"]) => CacheStore["Service"]

const suite = (it: It, change: Change = (store) => store): void => {
  const locations = new Map<string, Map<string, Entry>>()
  CacheStoreContract.suite(
    it,
    (location) =>
      Layer.effect(
        CacheStore,
        Effect.suspend(() => {
          const entries = locations.get(location) ?? new Map<string, Entry>()
          locations.set(location, entries)
          return Effect.map(makeStore(entries), change)
        })
      ),
    { name: "map", location: Effect.sync(() => `${locations.size}`) }
  )
}

/** The names of the tests that a changed store fails. */
const failuresOf = (change: Change) =>
  Effect.gen(function* () {
    const tests: Array<readonly [name: string, test: () => Effect.Effect<void, unknown, Scope.Scope>]> = []
    const register: It["effect"] = (name, test) => void tests.push([name, test])
    suite({ effect: register, live: register }, change)
    const failed: Array<string> = []
    for (const [name, test] of tests) {
      if (Exit.isFailure(yield* Effect.exit(Effect.scoped(test())))) failed.push(name)
    }
    return failed
  })

describe("CacheStoreContract", () => {
  describe("a correct store", () => suite(it))

  it.effect("reports a store that ignores tags", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* failuresOf((store) => ({ ...store, removeTag: () => Effect.void })), [
        "finds its tags after a restart",
        "replaces the tags of a key together with its entry",
        "removes exactly the entries with a tag",
        "accepts 64 distinct tags, with one of them repeated"
      ])
    })
  )

  it.effect("reports a store that never expires entries", () =>
    Effect.gen(function* () {
      const change: Change = (store) => ({
        ...store,
        set: (key, bytes, { expiresAt, tags }) =>
          store.set(key, bytes, { expiresAt: expiresAt + (Number.isNaN(expiresAt) ? 0 : 1e9), tags })
      })
      assert.deepStrictEqual(yield* failuresOf(change), [
        "expires an entry exactly at its time",
        "removes the previous entry when it sets one that has already expired"
      ])
    })
  )
})
