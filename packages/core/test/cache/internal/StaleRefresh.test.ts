import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Duration, Effect, Scheduler } from "effect"
import type { CachedResponse } from "../../../src/cache/internal/CachedResponse.ts"
import * as MemoryCache from "../../../src/cache/internal/levels/MemoryCache.ts"
import * as StaleRefresh from "../../../src/cache/internal/StaleRefresh.ts"
import { response } from "../support/cache.ts"

const stale: CachedResponse = {
  response: response("old"),
  tags: [],
  createdAt: -1_000,
  staleAt: -500,
  refreshAt: -500,
  expiresAt: 60_000
}

/** Refreshes a stale entry with what `refresh` does to the memory; the counts of refreshes, and the entry after it. */
const refreshed = Effect.fnUntraced(function* (
  entry: CachedResponse,
  refresh: (memory: MemoryCache.MemoryCache) => void
) {
  const memory = yield* MemoryCache.make({ maxBytes: 1_000_000, maxEntries: 10, maxEntryBytes: 1_000_000 })
  memory.set("key", entry)
  const clock = yield* Clock.Clock
  const refreshes = StaleRefresh.make(clock, memory, Duration.seconds(10), yield* Effect.scope)
  // Run here, so that the test fails with what the end of the refresh throws.
  const dispatcher = new Scheduler.MixedScheduler("async", () => () => undefined).makeDispatcher()
  const scheduler: Scheduler.Scheduler = {
    executionMode: "async",
    shouldYield: () => false,
    makeDispatcher: () => dispatcher
  }
  const refreshing = Effect.sync(() => refresh(memory))
  refreshes.offer("key", entry, refreshing, Context.make(Scheduler.Scheduler, scheduler))
  dispatcher.flush()
  return { counts: refreshes.statistics(), entry: memory.peek("key") }
})

describe("a refresh", () => {
  it.effect("fails if it brings nothing newer", () =>
    Effect.gen(function* () {
      const { counts, entry } = yield* refreshed(stale, () => undefined)
      assert.deepStrictEqual(counts, { started: 1, failed: 1, running: 0 })
      assert.deepStrictEqual(entry, { ...stale, refreshAt: 10_000 })
    })
  )

  it.effect("does not fail if its response was removed meanwhile", () =>
    Effect.gen(function* () {
      const { counts, entry } = yield* refreshed(stale, (memory) => memory.remove("key"))
      assert.deepStrictEqual(counts, { started: 1, failed: 0, running: 0 })
      assert.isUndefined(entry)
    })
  )

  it.effect("does not fail if it brings a newer response that is stale already", () =>
    Effect.gen(function* () {
      const newer = { ...stale, createdAt: -900, response: response("new") }
      const { counts, entry } = yield* refreshed(stale, (memory) => memory.set("key", newer))
      assert.deepStrictEqual(counts, { started: 1, failed: 0, running: 0 })
      assert.deepStrictEqual(entry, newer)
    })
  )

  it.effect("does not fail if it brings a fresh response after one from a machine whose clock is ahead", () =>
    Effect.gen(function* () {
      const ahead = { ...stale, createdAt: 500 }
      const fresh = { ...stale, createdAt: 0, staleAt: 5_000, refreshAt: 5_000 }
      const { counts, entry } = yield* refreshed(ahead, (memory) => memory.set("key", fresh))
      assert.deepStrictEqual(counts, { started: 1, failed: 0, running: 0 })
      assert.deepStrictEqual(entry, fresh)
    })
  )
})
