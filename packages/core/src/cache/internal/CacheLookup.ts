/**
 * The lookup of one call in the cache, before the host is called.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { CallOptions } from "../../CallOptions.ts"
import { CacheMissError } from "../../errors/CacheErrors.ts"
import type { StreamError } from "../../errors/OperationErrors.ts"
import type { Call } from "../../pipeline/Call.ts"
import { CacheControl, type Values as Control } from "../CacheControl.ts"
import type { Values as Options } from "./CacheOptions.ts"
import type { FlightResult } from "./FlightResult.ts"
import type { CacheKeyFunction } from "./key/CacheKey.ts"
import type { CacheLevels } from "./levels/CacheLevels.ts"
import type { EventChunk } from "../../pipeline/internal/EventChunk.ts"
import type { OriginFetch } from "./OriginFetch.ts"
import type { SingleFlight } from "./SingleFlight.ts"
import type { StaleRefresh } from "./StaleRefresh.ts"

/**
 * Returns the address of the host of a call if it is not the provider's own.
 *
 * @category models
 * @since 0.1.0
 */
export type OriginOf = (call: Call) => string | undefined

/**
 * The parts of a cache that calls use.
 *
 * @category models
 * @since 0.1.0
 */
export interface Dependencies {
  readonly clock: Clock.Clock
  readonly options: Options
  readonly keyOf: CacheKeyFunction
  readonly levels: CacheLevels
  readonly flights: SingleFlight<EventChunk, FlightResult, StreamError>
  readonly staleRefresh: StaleRefresh
}

/**
 * A call that looks for its response.
 *
 * @category models
 * @since 0.1.0
 */
export interface CacheLookup {
  readonly call: Call
  readonly key: string
  readonly tenant: string
  readonly control: Control
  /** The services of the calling fiber. */
  readonly context: Context.Context<never>
  readonly fetch: OriginFetch
  readonly originOf: OriginOf
}

/**
 * Runs `use` with the lookup of a call, or `bypass` if the call does not use
 * the cache.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withLookup = <A, E, R>(
  keyOf: CacheKeyFunction,
  call: Call,
  fetch: OriginFetch,
  originOf: OriginOf,
  use: (lookup: CacheLookup) => Effect.Effect<A, E, R>,
  bypass: () => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber(({ context }) => {
    const control = Context.get(context, CacheControl)
    if (control.mode === "bypass") return bypass()
    const { tenant } = Context.get(context, CallOptions)
    const { provider, request } = call
    return Effect.flatMap(keyOf({ provider, request, tenant, origin: originOf(call) }), (key) =>
      use({ call, key, tenant, control, context, fetch, originOf })
    )
  })

/**
 * The error of a call that must be served from the cache.
 *
 * @category errors
 * @since 0.1.0
 */
export const cacheMiss = ({ call: { provider, request }, key }: CacheLookup): CacheMissError =>
  new CacheMissError({ message: "The cache has no response for this call", key, provider, model: request.model })
