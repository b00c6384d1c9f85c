import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import * as CacheStore from "../../src/cache/CacheStore.ts"
import { layerDigest } from "./support/cache.ts"

const key = "0".repeat(64)

describe("CacheStore.makeMemory", () => {
  for (const [name, jump] of jumps) {
    it.effect(`keeps an entry for its time when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const store = yield* Effect.provide(CacheStore.makeMemory(), layerDigest)
          const expiresAt = (yield* Clock.currentTimeMillis) + 60_000
          yield* store.set(key, new Uint8Array(8), { expiresAt, tags: [] })
          set(jump)
          yield* TestClock.adjust("59999 millis")
          assert.isTrue(Option.isSome(yield* store.get(key)))
          yield* TestClock.adjust("1 millis")
          assert.isTrue(Option.isNone(yield* store.get(key)))
        })
      )
    )

    it.effect(`keeps an entry for its time after the clock was set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const store = yield* Effect.provide(CacheStore.makeMemory(), layerDigest)
          set(jump)
          const expiresAt = (yield* Clock.currentTimeMillis) + 60_000
          yield* store.set(key, new Uint8Array(8), { expiresAt, tags: [] })
          yield* TestClock.adjust("59999 millis")
          assert.isTrue(Option.isSome(yield* store.get(key)))
          yield* TestClock.adjust("1 millis")
          assert.isTrue(Option.isNone(yield* store.get(key)))
        })
      )
    )
  }
})
