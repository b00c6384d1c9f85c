import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as CacheCheck from "../../../../src/observability/internal/health/CacheCheck.ts"
import { callOf, makeMemory } from "../../../cache/support/cache.ts"
import { fakeStore, gone, processOn, settle } from "../../../cache/support/stores.ts"

describe("the cache check", () => {
  it.effect("is healthy without a store", () =>
    Effect.gen(function* () {
      const cache = yield* makeMemory()
      const found = yield* CacheCheck.make(cache.statistics).check
      assert.deepStrictEqual(found, {
        status: "healthy",
        code: "Ok",
        message: "The cache is in memory.",
        details: { flights: 0, memoryEntries: 0, memoryBytes: 0, hitRate: 0 }
      })
    })
  )

  it.effect("is degraded while the store cannot be read", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      const { cache, chat } = yield* processOn(fake, { cooldown: Duration.seconds(5) })
      const { check } = CacheCheck.make(cache.statistics)
      yield* chat(callOf("a"))
      yield* settle
      assert.deepInclude(yield* check, { status: "healthy", message: "The cache store is available." })
      fake.before = () => Effect.fail(gone)
      yield* chat(callOf("b"))
      yield* settle
      const away = yield* check
      assert.deepInclude(away, {
        status: "degraded",
        code: "StoreUnavailable",
        message: "The cache store cannot be read."
      })
      assert.deepInclude(away.details, { isReadable: false, isWritable: false, failures: 1, droppedWrites: 1 })
      fake.before = () => Effect.void
      yield* TestClock.adjust("5 seconds")
      yield* chat(callOf("c"))
      yield* settle
      assert.strictEqual((yield* check).status, "healthy")
    })
  )

  it.effect("is degraded while the store cannot be written", () =>
    Effect.gen(function* () {
      const fake = fakeStore()
      const { cache, chat } = yield* processOn(fake)
      fake.before = (operation) => (operation === "set" ? Effect.fail(gone) : Effect.void)
      yield* chat(callOf("a"))
      yield* settle
      const found = yield* CacheCheck.make(cache.statistics).check
      assert.deepInclude(found, { status: "degraded", message: "The cache store cannot be written." })
    })
  )
})
