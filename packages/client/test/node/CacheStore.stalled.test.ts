/** Stores on a disk that does not respond, at the start and at the end of a program. */
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { bytesOf, keep, keyOf } from "@kimi-effect/testing/internal/CacheEntries"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import { Context, Effect, Exit, Fiber, Layer, Option, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as CacheStore from "../../src/node/CacheStore.ts"
import { folder } from "./support/files.ts"
import { stalledDisk } from "./support/stalledDisk.ts"

describe("a cache in a folder on a disk that does not respond", () => {
  it.effect("opens its store at once", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "cache")
      const scope = yield* Scope.make()
      const disk = yield* stalledDisk
      yield* Scope.provide(CacheStore.makeFile({ path }), scope)
      yield* disk.respond
      yield* Scope.close(scope, Exit.void)
    })
  )

  it.effect("starts after the timeout of one read", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "cache")
      const scope = yield* Scope.make()
      // The first cache loads its modules, which takes real time.
      yield* Effect.scoped(Layer.build(ResponseCache.layerMemory()))
      const disk = yield* stalledDisk
      const layer = ResponseCache.layerPersisted({ timeout: "50 millis" }).pipe(
        Layer.provide(CacheStore.layerFile({ path }))
      )
      const building = yield* Effect.forkChild(Layer.buildWithScope(layer, scope))
      yield* TestClock.adjust("50 millis")
      const cache = Context.get(yield* Fiber.join(building), ResponseCache.ResponseCache)
      const { store } = yield* cache.statistics
      assert.isFalse(store?.isReadable)
      yield* disk.respond
      yield* Scope.close(scope, Exit.void)
    })
  )

  it.effect("closes its store after two seconds", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "cache")
      yield* stalledDisk
      const used = Effect.flatMap(CacheStore.makeFile({ path }), (store) =>
        Effect.timeoutOption(store.get(keyOf(1)), "1 second")
      )
      const closing = yield* Effect.forkChild(Effect.scoped(used))
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(closing)))
    })
  )

  it.effect("uses the store when the disk responds again", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "cache")
      const disk = yield* stalledDisk
      const store = yield* CacheStore.makeFile({ path })
      const writing = yield* Effect.forkChild(keep(store, keyOf(1), bytesOf(10)))
      yield* disk.respond
      yield* Fiber.join(writing)
      assert.isTrue(Option.isSome(yield* store.get(keyOf(1))))
    })
  )
})
