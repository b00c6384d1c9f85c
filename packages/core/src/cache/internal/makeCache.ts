/** Makes response caches. It is loaded by the first one. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { CallOptions } from "../../CallOptions.ts"
import { CacheMissError } from "../../errors/CacheErrors.ts"
import type { ConfigurationError } from "../../errors/ConfigurationErrors.ts"
import type { StreamError } from "../../errors/OperationErrors.ts"
import type { Call } from "../../pipeline/Call.ts"
import type { EventChunk } from "../../pipeline/internal/EventChunk.ts"
import * as Stage from "../../pipeline/Stage.ts"
import { CacheControl } from "../CacheControl.ts"
import * as CachedCalls from "./CachedCalls.ts"
import * as CacheOptions from "./CacheOptions.ts"
import { CacheStore } from "./CacheStoreService.ts"
import * as CacheStage from "./CacheStage.ts"
import * as CacheTags from "./CacheTags.ts"
import * as CacheEnvelope from "./envelope/CacheEnvelope.ts"
import * as CacheKey from "./key/CacheKey.ts"
import * as CacheLevels from "./levels/CacheLevels.ts"
import * as MemoryCache from "./levels/MemoryCache.ts"
import * as StoreLevel from "./levels/StoreLevel.ts"
import type { ResponseCache } from "./ResponseCacheService.ts"
import * as SingleFlight from "./SingleFlight.ts"
import * as StaleRefresh from "./StaleRefresh.ts"

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

/** A cache in memory. */
export const makeMemory = (options: CacheOptions.Values): Effect.Effect<Service, never, Scope.Scope> =>
  makeWith(options, undefined)

/** A cache in memory over the `CacheStore` in the context. */
export const makePersisted = Effect.fnUntraced(function* (
  options: CacheOptions.PersistedValues
): Effect.fn.Return<Service, ConfigurationError, CacheStore | Scope.Scope> {
  const envelope = yield* CacheEnvelope.make(options.envelope)
  return yield* makeWith(options, yield* StoreLevel.make(yield* CacheStore, envelope, options))
})

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

/** No cache, which still knows the keys of calls. */
export const makeOff: Effect.Effect<Service> = Effect.map(CacheKey.make, (makeKey): Service => {
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
