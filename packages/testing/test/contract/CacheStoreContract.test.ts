import { assert, describe, it } from "@effect/vitest"
import { CacheStore } from "@kimi-effect/core/CacheStore"
import { Effect, Layer } from "effect"
import * as CacheStoreContract from "../../src/contract/CacheStoreContract.ts"
import type { It, StoreClock } from "../../src/contract/TestRunner.ts"
import { type Entry, make } from "./faulty/cacheStore.ts"
import { failuresOf, testContract } from "./support/faults.ts"

const suite = (it: It, broken?: string, clock: StoreClock = "Effect"): void => {
  const locations = new Map<string, { readonly entries: Map<string, Entry>; openings: number }>()
  let used = 0
  CacheStoreContract.suite(
    it,
    (location) =>
      Layer.effect(
        CacheStore,
        Effect.suspend(() => {
          const known = locations.get(location) ?? { entries: new Map<string, Entry>(), openings: 0 }
          known.openings += 1
          locations.set(location, known)
          return make(known.entries, known.openings, broken)
        })
      ),
    { name: "map", location: Effect.sync(() => `${(used += 1)}`), clock }
  )
}

describe("CacheStoreContract", () => {
  testContract((it, broken) => suite(it, broken))

  describe("a correct implementation by the clock of a server", () => suite(it, undefined, "Server"))

  it.live("reports a store by the clock of a server that never expires an entry", () =>
    Effect.gen(function* () {
      const law = "expires an entry after its time"
      assert.deepStrictEqual(yield* failuresOf((run) => suite(run, law, "Server")), [law])
    })
  )
})
