import { describe, it } from "@effect/vitest"
import { CacheStore } from "@kimi-effect/core/CacheStore"
import { CacheStoreContract } from "@kimi-effect/testing/contract"
import { Context, Duration, Effect, Layer } from "effect"
import * as Redis from "effect/persistence/Redis"
import * as FileCacheStore from "../../../src/node/FileCacheStore.ts"
import * as RedisCacheStore from "../../../src/node/RedisCacheStore.ts"
import * as SqliteCacheStore from "../../../src/node/SqliteCacheStore.ts"
import { connect, reachable, uniquePrefix } from "../support/redis.ts"
import { file, folder } from "./support/places.ts"

describe("the SQLite store of a cache", () => {
  CacheStoreContract.suite(it, (path) => SqliteCacheStore.layer({ path }), { name: "sqlite", location: file })
})

describe("the file system store of a cache", () => {
  CacheStoreContract.suite(it, (path) => FileCacheStore.layer({ path }), { name: "file system", location: folder })
})

/** A store with its own connection. Its timeout is long, so that a busy machine does not count as an outage. */
const redisLayer = (keyPrefix: string) =>
  RedisCacheStore.layer({ keyPrefix, timeout: Duration.seconds(10) }).pipe(
    Layer.provide(Layer.effect(Redis.Redis, connect()))
  )

const clear = (keyPrefix: string) =>
  Effect.scoped(Effect.flatMap(Layer.build(redisLayer(keyPrefix)), (context) => Context.get(context, CacheStore).clear))

describe.skipIf(!reachable)("the Redis store of a cache", () => {
  CacheStoreContract.suite(it, redisLayer, {
    name: "redis",
    location: Effect.acquireRelease(Effect.sync(uniquePrefix), (keyPrefix) => Effect.ignore(clear(keyPrefix))),
    clock: "Server"
  })
})
