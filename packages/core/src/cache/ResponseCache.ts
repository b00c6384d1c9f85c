/**
 * Answers calls from earlier responses, and makes one request for concurrent
 * equal calls.
 *
 * **Details**
 *
 * - Calls are equal if everything that can change the response is: every member
 *   of the request, host, model and tenant. See `CacheKey`.
 * - Complete responses with a single choice are cached, others only if configured;
 *   see `CachePolicy`. A response is cached for the host and model that gave it.
 * - Plain calls and streams share responses and flights. A stream is replayed from
 *   the cache at once, or at the times at which its response arrived.
 * - `CacheControl` sets for each call how it uses the cache.
 * - A response from the cache is marked with `cached`, in the response or in
 *   `Start`. Its usage is that of the original call.
 * - A store that fails or is slow never fails a call, and delays it at most by its
 *   timeout.
 *
 * **Gotchas**
 *
 * - A flight runs with the options of the call that started it: its priority applies
 *   to all that join.
 * - A plain call and a stream with the same key share one call to the host. A
 *   stream that joins a plain call gets its events when the whole response has
 *   arrived.
 * - Removals apply to the memory of this process and to the store. Other processes
 *   that share the store keep their memory until it expires.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import { loadModule } from "../internal/ModuleLoader.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import type { Redis } from "../Redis.ts"
import * as CacheStore from "./CacheStore.ts"
import * as CacheOptions from "./internal/CacheOptions.ts"
import type * as MemoryCache from "./internal/levels/MemoryCache.ts"
import type * as StoreLevel from "./internal/levels/StoreLevel.ts"
import { ResponseCache } from "./internal/ResponseCacheService.ts"
import type * as StaleRefresh from "./internal/StaleRefresh.ts"

export { ResponseCache } from "./internal/ResponseCacheService.ts"

export type { Options as StageDependencies } from "./internal/CacheStage.ts"
export {
  defaults,
  fromConfig as optionsFromConfig,
  type Options,
  persistedDefaults,
  persistedFromConfig as persistedOptionsFromConfig,
  type PersistedOptions
} from "./internal/CacheOptions.ts"

/**
 * Statistics of a cache.
 *
 * @category models
 * @since 0.1.0
 */
export interface Statistics {
  readonly memory: MemoryCache.MemoryStatistics
  /** Absent without a store. */
  readonly store?: StoreLevel.StoreLevelStatistics
  readonly refreshes: StaleRefresh.RefreshStatistics
  /** Running flights, to the store or to the host. */
  readonly flights: number
}

type Service = ResponseCache["Service"]

const caches = () => loadModule(() => import("./internal/makeCache.ts"))

/**
 * A cache in memory, until the scope closes. Fails with all invalid options.
 *
 * @category constructors
 * @since 0.1.0
 */
export function makeMemory(): Effect.Effect<Service, never, Scope.Scope>
export function makeMemory(options: CacheOptions.Options): Effect.Effect<Service, ConfigurationError, Scope.Scope>
export function makeMemory(given?: CacheOptions.Options): Effect.Effect<Service, ConfigurationError, Scope.Scope> {
  return given === undefined
    ? Effect.flatMap(caches(), ({ makeMemory }) => makeMemory(CacheOptions.defaults))
    : Effect.flatMap(CacheOptions.resolveMemory(given), (options) =>
        Effect.flatMap(caches(), ({ makeMemory }) => makeMemory(options))
      )
}

/**
 * A cache in the memory of this process.
 *
 * @category layers
 * @since 0.1.0
 */
export function layerMemory(): Layer.Layer<ResponseCache>
export function layerMemory(options: CacheOptions.Options): Layer.Layer<ResponseCache, ConfigurationError>
export function layerMemory(options?: CacheOptions.Options): Layer.Layer<ResponseCache, ConfigurationError> {
  return OptionRules.layerOf("ResponseCache", options, (options) => Layer.effect(ResponseCache, makeMemory(options)))
}

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
 * A cache in memory over the provided `CacheStore`. When the layer
 * closes, pending writes are completed within `flushTimeout`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPersisted = (
  given: CacheOptions.PersistedOptions = {}
): Layer.Layer<ResponseCache, ConfigurationError, CacheStore.CacheStore> =>
  OptionRules.layerOf("ResponseCache", given, (given) =>
    Layer.effect(
      ResponseCache,
      Effect.flatMap(CacheOptions.resolvePersisted(given), (options) =>
        Effect.flatMap(caches(), ({ makePersisted }) => makePersisted(options))
      )
    )
  )

/**
 * A cache in memory over a store in Redis, which several machines can share.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (
  store?: CacheStore.RedisOptions,
  options?: CacheOptions.PersistedOptions
): Layer.Layer<ResponseCache, ConfigurationError, Redis> =>
  Layer.provide(layerPersisted(options), CacheStore.layerRedis(store))

/**
 * No cache: every call is made, except those with the mode `onlyIfCached`, which
 * fail.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOff: Layer.Layer<ResponseCache> = Layer.effect(
  ResponseCache,
  Effect.flatMap(caches(), ({ makeOff }) => makeOff)
)
