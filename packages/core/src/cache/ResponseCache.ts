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
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { CallOptions } from "../CallOptions.ts"
import { CacheMissError } from "../errors/CacheErrors.ts"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import type { StreamError } from "../errors/OperationErrors.ts"
import * as Stream from "effect/Stream"
import * as OptionRules from "../internal/OptionRules.ts"
import type { Call } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import type { EventChunk } from "../pipeline/internal/EventChunk.ts"
import * as CachedCalls from "./internal/CachedCalls.ts"
import * as CacheStage from "./internal/CacheStage.ts"
import { CacheControl } from "./CacheControl.ts"
import * as CacheEnvelope from "./internal/envelope/CacheEnvelope.ts"
import * as CacheKey from "./internal/key/CacheKey.ts"
import * as CacheLevels from "./internal/levels/CacheLevels.ts"
import * as CacheOptions from "./internal/CacheOptions.ts"
import * as CacheStore from "./CacheStore.ts"
import * as CacheTags from "./internal/CacheTags.ts"
import * as MemoryCache from "./internal/levels/MemoryCache.ts"
import * as StaleRefresh from "./internal/StaleRefresh.ts"
import * as SingleFlight from "./internal/SingleFlight.ts"
import * as StoreLevel from "./internal/levels/StoreLevel.ts"
import type { Redis } from "../Redis.ts"
import { ResponseCache } from "./internal/ResponseCacheService.ts"

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

const keyOfCall =
  (keyOf: CacheKey.CacheKeyFunction): Service["keyOf"] =>
  ({ provider, request }, origin) =>
    Effect.withFiber(({ context }) => {
      const { tenant } = Context.get(context, CallOptions)
      return keyOf({ provider, request, tenant, origin })
    })

const makeWith = Effect.fnUntraced(function* (
  options: CacheOptions.Values,
  store: StoreLevel.StoreLevel | undefined
): Effect.fn.Return<Service, never, Scope.Scope> {
  const scope = yield* Scope.Scope
  const clock = yield* Clock.Clock
  const keyOf = yield* CacheKey.make
  const memory = yield* MemoryCache.make(options)
  const levels = CacheLevels.make(clock, memory, store)
  const flights = SingleFlight.make<EventChunk, CachedCalls.FlightResult, StreamError>()
  const refreshes = StaleRefresh.make(clock, memory, options.refreshCooldown, scope)
  const calls = CachedCalls.make({ clock, options, keyOf, levels, flights, staleRefresh: refreshes })

  const removeTag = (tag: string) =>
    Effect.suspend(() => {
      flights.forget((_, tags) => tags.includes(tag))
      return levels.removeTag(tag)
    })

  return {
    stage: (dependencies) => CacheStage.stage(calls, CacheOptions.describeOptions(options), dependencies),
    keyOf: keyOfCall(keyOf),
    remove: (key) =>
      Effect.suspend(() => {
        flights.forget((other) => other === key)
        return levels.remove(key)
      }),
    removeTag: (tag) => removeTag(CacheTags.ofName(tag)),
    removeModel: (model) => removeTag(CacheTags.ofModel(model)),
    clear: Effect.suspend(() => {
      flights.forget(() => true)
      return levels.clear
    }),
    statistics: Effect.sync(() => ({
      memory: memory.statistics(),
      ...(store === undefined ? {} : { store: store.statistics() }),
      refreshes: refreshes.statistics(),
      flights: flights.size()
    })),
    options: CacheOptions.describeOptions(options)
  }
})

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
    ? makeWith(CacheOptions.defaults, undefined)
    : Effect.flatMap(CacheOptions.resolveMemory(given), (options) => makeWith(options, undefined))
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
      Effect.gen(function* () {
        const options = yield* CacheOptions.resolvePersisted(given)
        const envelope = yield* CacheEnvelope.make(options.envelope)
        return yield* makeWith(options, yield* StoreLevel.make(yield* CacheStore.CacheStore, envelope, options))
      })
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

const emptyMemoryStatistics: MemoryCache.MemoryStatistics = {
  hits: 0,
  staleHits: 0,
  misses: 0,
  hitRate: 0,
  evictions: 0,
  expirations: 0,
  rejections: 0,
  entries: 0,
  bytes: 0
}

/**
 * No cache: every call is made, except those with the mode `onlyIfCached`, which
 * fail.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOff: Layer.Layer<ResponseCache> = Layer.effect(
  ResponseCache,
  Effect.map(CacheKey.make, (makeKey): Service => {
    const keyOf = keyOfCall(makeKey)
    /** Fails a call that must not be made. */
    const check = (call: Call): Effect.Effect<void, CacheMissError> =>
      Effect.withFiber(({ context }) =>
        Context.get(context, CacheControl).mode === "onlyIfCached"
          ? Effect.flatMap(keyOf(call), (key) =>
              Effect.fail(new CacheMissError({ message: "The cache is off", key, provider: call.provider }))
            )
          : Effect.void
      )
    return {
      stage: () =>
        Stage.make("cache", {
          effect: (inner) => (call) => Effect.andThen(check(call), inner(call)),
          stream: (inner) => (call) => Stream.unwrap(Effect.as(check(call), inner(call))),
          options: { is: "off" }
        }),
      keyOf,
      remove: () => Effect.void,
      removeTag: () => Effect.void,
      removeModel: () => Effect.void,
      clear: Effect.void,
      statistics: Effect.succeed({
        memory: emptyMemoryStatistics,
        refreshes: { started: 0, failed: 0, running: 0 },
        flights: 0
      }),
      options: { is: "off" }
    }
  })
)
