import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Duration, Effect } from "effect"
import type { CachedResponse } from "../../../src/cache/internal/CachedResponse.ts"
import * as MemoryCache from "../../../src/cache/internal/levels/MemoryCache.ts"
import * as StaleRefresh from "../../../src/cache/internal/StaleRefresh.ts"
import { response } from "../support/cache.ts"
import { settle } from "../support/stores.ts"

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
  refreshes.offer(
    "key",
    entry,
    Effect.sync(() => refresh(memory)),
    Context.omit()(yield* Effect.context<never>())
  )
  yield* settle
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
