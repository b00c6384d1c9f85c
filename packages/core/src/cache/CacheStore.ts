/**
 * A store below the memory of the cache: bytes by key, which expire and can be
 * removed together by a tag.
 *
 * A store does not know what it holds: entries are sealed and checked by
 * `CacheEnvelope`. A store may fail or be slow; the cache ensures that
 * neither fails a call.
 *
 * Keys are digests, 32 to 128 lowercase hexadecimal digits; a store rejects
 * anything else.
 *
 * `@kimi-effect/client/node` adds stores in a SQLite file and in a folder.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { loadModule } from "../internal/ModuleLoader.ts"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import type { Redis } from "../Redis.ts"
import { CacheStore } from "./internal/CacheStoreService.ts"
import type * as MemoryStore from "./internal/MemoryStore.ts"
import type * as RedisStore from "./internal/RedisStore.ts"

export { CacheStore } from "./internal/CacheStoreService.ts"
export type { Options as MemoryOptions } from "./internal/MemoryStore.ts"
export type { Options as RedisOptions } from "./internal/RedisStore.ts"

/**
 * The lifetime and the tags of an entry.
 *
 * @category options
 * @since 0.1.0
 */
export interface SetOptions {
  /** Unix milliseconds at which the entry expires. */
  readonly expiresAt: number
  /** Names by which entries can be removed together. */
  readonly tags: ReadonlyArray<string>
}

/**
 * The size of a store.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoreStatistics {
  readonly entries: number
  /** The size of the entries in the store. */
  readonly bytes: number
}

/**
 * A store in this process. It is lost when the process ends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (options?: MemoryStore.Options): Effect.Effect<CacheStore["Service"], ConfigurationError> =>
  Effect.flatMap(
    loadModule(() => import("./internal/MemoryStore.ts")),
    ({ make }) => make(options)
  )

/**
 * A store in this process. It is lost when the process ends.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options?: MemoryStore.Options): Layer.Layer<CacheStore, ConfigurationError> =>
  OptionRules.layerOf("CacheStore", options, (options) => Layer.effect(CacheStore, makeMemory(options)))

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
 * A store in Redis, shared by all processes that use the same Redis and key
 * prefix.
 *
 * **Details**
 *
 * - Entries expire by the clock of Redis. Its `maxmemory` and
 *   `maxmemory-policy` bound the size.
 * - All keys have one hash tag, so a cluster keeps the cache on one node.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeRedis = (
  options?: RedisStore.Options
): Effect.Effect<CacheStore["Service"], ConfigurationError, Redis> =>
  Effect.flatMap(
    loadModule(() => import("./internal/RedisStore.ts")),
    ({ make }) => make(options)
  )

/**
 * A store in Redis, as `makeRedis` describes it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (options?: RedisStore.Options): Layer.Layer<CacheStore, ConfigurationError, Redis> =>
  OptionRules.layerOf("CacheStore", options, (options) => Layer.effect(CacheStore, makeRedis(options)))
