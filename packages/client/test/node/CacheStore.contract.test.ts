import { describe, it } from "@effect/vitest"
import * as Redis from "@kimi-effect/core/Redis"
import { CacheStoreContract } from "@kimi-effect/testing/contract"
import { Context, Duration, Effect, Layer } from "effect"
import * as CacheStore from "../../src/node/CacheStore.ts"
import { databaseFile, folder } from "./support/files.ts"
import { connect, reachable, uniquePrefix } from "./support/redis.ts"

/** The memory of one process by location: every layer that is built for a location has the same store. */
const memories = new Map<string, CacheStore.CacheStore["Service"]>()

const memoryLayer = (location: string) =>
  Layer.effect(
    CacheStore.CacheStore,
    Effect.suspend(() => {
      const known = memories.get(location)
      return known === undefined
        ? Effect.tap(CacheStore.makeMemory(), (store) => Effect.sync(() => memories.set(location, store)))
        : Effect.succeed(known)
    })
  )

describe("the memory store of a cache", () => {
  CacheStoreContract.suite(it, memoryLayer, { name: "memory", location: Effect.sync(() => crypto.randomUUID()) })
})

describe("the SQLite store of a cache", () => {
  CacheStoreContract.suite(it, (path) => CacheStore.layerSqlite({ path }), { name: "sqlite", location: databaseFile })
})

describe("the file system store of a cache", () => {
  CacheStoreContract.suite(it, (path) => CacheStore.layerFile({ path }), { name: "file system", location: folder })
})

/** A store with its own connection. Its timeout is long, so that a busy machine does not count as an outage. */
const redisLayer = (keyPrefix: string) =>
  Layer.effect(CacheStore.CacheStore, CacheStore.makeRedis({ keyPrefix, timeout: Duration.seconds(10) })).pipe(
    Layer.provide(Layer.effect(Redis.Redis, connect()))
  )

const clear = (keyPrefix: string) =>
  Effect.scoped(
    Effect.flatMap(Layer.build(redisLayer(keyPrefix)), (context) => Context.get(context, CacheStore.CacheStore).clear)
  )

describe.skipIf(!reachable)("the Redis store of a cache", () => {
  CacheStoreContract.suite(it, redisLayer, {
    name: "redis",
    location: Effect.acquireRelease(Effect.sync(uniquePrefix), (keyPrefix) => Effect.ignore(clear(keyPrefix))),
    clock: "Server"
  })
})
