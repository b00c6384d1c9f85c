/**
 * A store that a test controls, and processes over it.
 */
import { assert } from "@effect/vitest"
import { Context, Effect, Layer, Option, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { CacheStore } from "../../../src/cache/CacheStore.ts"
import * as ResponseCache from "../../../src/cache/ResponseCache.ts"
import { CacheStoreError } from "../../../src/errors/CacheErrors.ts"
import type { ConfigurationError } from "../../../src/errors/ConfigurationErrors.ts"
import type { Attempt } from "../../../src/pipeline/Call.ts"
import type { Stage } from "../../../src/pipeline/Stage.ts"
import { host, layerDigest } from "./cache.ts"

export const gone = new CacheStoreError({ message: "gone", store: "fake", operation: "any" })

export interface FakeStore {
  readonly store: CacheStore["Service"]
  readonly entries: Map<string, { bytes: Uint8Array; expiresAt: number; tags: ReadonlyArray<string> }>
  /** How the store handles an operation before it runs. */
  before: (operation: string, key: string) => Effect.Effect<void, CacheStoreError>
  readonly log: Array<string>
}

/** A store in memory that a test controls. */
export const fakeStore = (): FakeStore => {
  const entries: FakeStore["entries"] = new Map()
  const log: Array<string> = []
  const through = <A>(operation: string, key: string, effect: () => A): Effect.Effect<A, CacheStoreError> =>
    Effect.suspend(() => {
      log.push(operation)
      return Effect.map(fake.before(operation, key), effect)
    })
  const fake: FakeStore = {
    entries,
    log,
    before: () => Effect.void,
    store: {
      name: "fake",
      get: (key) => through("get", key, () => Option.fromUndefinedOr(entries.get(key)?.bytes)),
      set: (key, bytes, keeping) => through("set", key, () => void entries.set(key, { bytes, ...keeping })),
      remove: (key) => through("remove", key, () => void entries.delete(key)),
      removeTag: (tag) =>
        through("removeTag", tag, () => {
          for (const [key, { tags }] of entries) if (tags.includes(tag)) entries.delete(key)
        }),
      clear: through("clear", "", () => entries.clear()),
      statistics: Effect.succeed({ entries: 0, bytes: 0 })
    }
  }
  return fake
}

/** One process over a store. */
export interface Process {
  readonly cache: ResponseCache.ResponseCache["Service"]
  readonly upstream: ReturnType<typeof host>
  readonly stage: Stage
  readonly chat: Attempt
}

/** One process over a store, until its scope closes. */
export const processOn = Effect.fnUntraced(function* (
  fake: FakeStore,
  options: ResponseCache.PersistedOptions = {},
  upstream = host()
): Effect.fn.Return<Process, ConfigurationError, Scope.Scope> {
  const layer = ResponseCache.layerPersisted({ envelope: { compressionThreshold: Infinity }, ...options }).pipe(
    Layer.provide([Layer.succeed(CacheStore, fake.store), layerDigest])
  )
  const cache = Context.get(yield* Layer.build(layer), ResponseCache.ResponseCache)
  const stage = cache.stage()
  return { cache, upstream, stage, chat: stage.effect(upstream.attempt) }
})

/** Waits for background operations. */
export const settle = Effect.andThen(
  TestClock.adjust(0),
  Effect.forEach(Array.from({ length: 100 }), () => Effect.yieldNow, { discard: true })
)

export const key = (fake: FakeStore) => [...fake.entries.keys()][0] ?? assert.fail("nothing was written")
