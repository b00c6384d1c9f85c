import { describe } from "@effect/vitest"
import { CacheStore } from "@kimi-effect/core/CacheStore"
import { Effect, Layer } from "effect"
import * as CacheStoreContract from "../../src/contract/CacheStoreContract.ts"
import { type Entry, make } from "./faulty/cacheStore.ts"
import { testContract } from "./support/faults.ts"

describe("CacheStoreContract", () => {
  testContract((it, broken) => {
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
      { name: "map", location: Effect.sync(() => `${(used += 1)}`) }
    )
  })
})
