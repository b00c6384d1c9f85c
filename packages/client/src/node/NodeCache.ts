/**
 * Response caches for Node: in memory alone, or over a file, a folder or Redis.
 *
 * ```ts
 * KimiNode.layerConfig().pipe(Layer.provide(NodeCache.layerSqlite({ path: "answers.db" })))
 * ```
 *
 * Beside the stores it gives the cache Node's own digest, which makes a key in
 * a part of the time that Web Crypto takes.
 *
 * @since 0.1.0
 */
import { hash } from "node:crypto"
import type * as CacheOptions from "@kimi-effect/core/internal/CacheOptions"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import type { CacheStoreError } from "@kimi-effect/core/CacheErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redis from "effect/persistence/Redis"
import * as FileCacheStore from "./FileCacheStore.ts"
import * as RedisCacheStore from "./RedisCacheStore.ts"
import * as SqliteCacheStore from "./SqliteCacheStore.ts"

/** Node's digests, which are there at once. */
const layerDigest: Layer.Layer<Digest.Digest> = Layer.succeed(Digest.Digest, {
  digest: ({ name }, data) => Effect.sync(() => Uint8Array.from(hash(name, data, "buffer"))),
  digestHex: ({ name }, data) => Effect.sync(() => hash(name, data, "hex"))
})

/**
 * A cache in the memory of this process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (
  options: CacheOptions.Options = {}
): Layer.Layer<ResponseCache.ResponseCache, ConfigurationError> =>
  Layer.provide(ResponseCache.layerMemory(options), layerDigest)

/**
 * A cache in memory over a SQLite file, which processes of one machine can
 * share.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSqlite = (
  store: SqliteCacheStore.Options,
  options: CacheOptions.PersistedOptions = {}
): Layer.Layer<ResponseCache.ResponseCache, ConfigurationError | CacheStoreError> =>
  Layer.provide(ResponseCache.layerPersisted(options), [SqliteCacheStore.layer(store), layerDigest])

/**
 * A cache in memory over a folder with a file for each answer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFile = (
  store: FileCacheStore.Options,
  options: CacheOptions.PersistedOptions = {}
): Layer.Layer<ResponseCache.ResponseCache, ConfigurationError | CacheStoreError> =>
  Layer.provide(ResponseCache.layerPersisted(options), [FileCacheStore.layer(store), layerDigest])

/**
 * A cache in memory over Redis, which machines can share. `NodeRedis.layer` of
 * `@effect/platform-node` provides the connection.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (
  store: RedisCacheStore.Options = {},
  options: CacheOptions.PersistedOptions = {}
): Layer.Layer<ResponseCache.ResponseCache, ConfigurationError, Redis.Redis> =>
  Layer.provide(ResponseCache.layerPersisted(options), [RedisCacheStore.layer(store), layerDigest])
