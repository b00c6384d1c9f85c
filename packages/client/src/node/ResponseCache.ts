/**
 * `ResponseCache` of `@kimi-effect/core` for Node: over a SQLite file, a folder
 * or Redis, with Node's own digests, which make a key in a fraction of the time
 * of Web Crypto.
 *
 * ```ts
 * KimiNode.layerConfig().pipe(Layer.provide(ResponseCache.layerSqlite({ path: "answers.db" })))
 * ```
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Core from "@kimi-effect/core/ResponseCache"
import * as Layer from "effect/Layer"
import * as CacheStore from "./CacheStore.ts"
import { layerDigest } from "./internal/loadedDigest.ts"
import type * as Redis from "./Redis.ts"

export * from "@kimi-effect/core/ResponseCache"

/**
 * A cache in the memory of this process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options: Core.Options = {}): Layer.Layer<Core.ResponseCache, ConfigurationError> =>
  Layer.provide(Core.layerMemory(options), layerDigest)

/**
 * The same as `layerMemory`.
 *
 * @alias layerMemory
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: typeof layerMemory = layerMemory

/**
 * A cache in memory over the `CacheStore` that is provided. When the layer
 * closes, pending writes are completed within `flushTimeout`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPersisted = (
  options?: Core.PersistedOptions
): Layer.Layer<Core.ResponseCache, ConfigurationError, CacheStore.CacheStore> =>
  Layer.provide(Core.layerPersisted(options), layerDigest)

/**
 * A cache in memory over a SQLite file, which processes of one machine can
 * share.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSqlite = (
  store: CacheStore.SqliteOptions,
  options?: Core.PersistedOptions
): Layer.Layer<Core.ResponseCache, ConfigurationError> =>
  Layer.provide(layerPersisted(options), CacheStore.layerSqlite(store))

/**
 * A cache in memory over a folder with a file for each answer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFile = (
  store: CacheStore.FileOptions,
  options?: Core.PersistedOptions
): Layer.Layer<Core.ResponseCache, ConfigurationError> =>
  Layer.provide(layerPersisted(options), CacheStore.layerFile(store))

/**
 * A cache in memory over Redis, which several machines can share, on a
 * connection of this layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (
  store: CacheStore.RedisOptions & Pick<Redis.ConnectionOptions, "url">,
  options?: Core.PersistedOptions
): Layer.Layer<Core.ResponseCache, ConfigurationError> =>
  Layer.provide(layerPersisted(options), CacheStore.layerRedis(store))
