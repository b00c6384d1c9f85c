import { describe, it } from "@effect/vitest"
import { ResponseCacheContract } from "@kimi-effect/testing/contract"
import { Duration, Effect, Layer } from "effect"
import * as CacheStore from "../../src/node/CacheStore.ts"
import * as ResponseCache from "../../src/node/ResponseCache.ts"
import { databaseFile, folder } from "./support/files.ts"
import { reachable, ownPrefix, urlOf } from "./support/redis.ts"

/** A busy machine is no outage. */
const patient = { timeout: Duration.seconds(10), writeTimeout: Duration.seconds(10) }

describe("a cache in memory", () => {
  ResponseCacheContract.suite(it, ResponseCache.layerMemory)
})

describe("a cache over a store in memory", () => {
  ResponseCacheContract.suite(it, (settings) =>
    Layer.provide(ResponseCache.layerPersisted({ ...patient, ...settings }), CacheStore.layerMemory())
  )
})

describe("a cache over a SQLite file", () => {
  ResponseCacheContract.suite(it, (settings) =>
    Layer.unwrap(Effect.map(databaseFile, (path) => ResponseCache.layerSqlite({ path }, { ...patient, ...settings })))
  )
})

describe("a cache over a folder", () => {
  ResponseCacheContract.suite(it, (settings) =>
    Layer.unwrap(Effect.map(folder, (path) => ResponseCache.layerFile({ path }, { ...patient, ...settings })))
  )
})

describe.skipIf(!reachable)("a cache over Redis", () => {
  // Entries of the store expire by the clock of Redis.
  ResponseCacheContract.suite(
    it,
    (settings) =>
      Layer.unwrap(
        Effect.map(ownPrefix, (keyPrefix) =>
          ResponseCache.layerRedis({ url: urlOf(), keyPrefix }, { ...patient, ...settings })
        )
      ),
    { clock: "Server" }
  )
})

describe("a cache that is off", () => {
  ResponseCacheContract.suiteOff(it, ResponseCache.layerOff)
})
