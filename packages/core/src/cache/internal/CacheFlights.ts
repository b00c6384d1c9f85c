/**
 * Flights of a cache: one request to the store and the host for all calls with
 * the same key.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { StreamError } from "../../errors/OperationErrors.ts"
import type { Call, CallState } from "../../pipeline/Call.ts"
import type { CacheLookup, Dependencies } from "./CacheLookup.ts"
import { isCacheable, type ResponseKind } from "./CachePolicy.ts"
import * as CacheTags from "./CacheTags.ts"
import { type FlightResult, isCallerError } from "./FlightResult.ts"
import type { EventChunk } from "../../pipeline/internal/EventChunk.ts"
import type { FetchResult } from "./OriginFetch.ts"
import type { Publisher, Subscription, Task } from "./SingleFlight.ts"

const isOwnResponse = ({ call, originOf }: CacheLookup, answered: Call): boolean =>
  answered.provider === call.provider &&
  answered.request.model === call.request.model &&
  originOf(answered) === originOf(call)

/**
 * @category models
 * @since 0.1.0
 */
export class CacheFlights {
  readonly #dependencies: Dependencies
  readonly #alsoCache: ReadonlySet<ResponseKind>

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies
    this.#alsoCache = new Set(dependencies.options.alsoCache)
  }

  /**
   * Joins the flight of a lookup, which is started if there is none. The span of
   * a caller that joins is linked to the span of the caller that started it.
   */
  join(lookup: CacheLookup, isRefresh: boolean): Subscription<EventChunk, FlightResult, StreamError> {
    const subscription = this.#dependencies.flights.join(lookup.key, this.#makeTask(lookup, isRefresh))
    const span = Context.getOrUndefined(lookup.context, Tracer.ParentSpan)
    const flightSpan = Context.getOrUndefined(subscription.context, Tracer.ParentSpan)
    if (!subscription.isFirst && span?._tag === "Span" && flightSpan !== undefined && flightSpan !== span) {
      span.addLinks([{ span: flightSpan, attributes: {} }])
    }
    return subscription
  }

  /** Joins the flight of a lookup and waits for its result, and for whether this caller started it. */
  joinAndWait(lookup: CacheLookup, isRefresh: boolean): Effect.Effect<readonly [FlightResult, boolean], StreamError> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const { isFirst, result, unsubscribe } = this.join(lookup, isRefresh)
        return Effect.onExit(
          Effect.map(restore(result), (result) => [result, isFirst] as const),
          () => unsubscribe
        )
      })
    )
  }

  /** Reads the store first, unless a new response is wanted, and then the host. */
  #makeTask(lookup: CacheLookup, isRefresh: boolean): Task<EventChunk, FlightResult, StreamError> {
    const { call, context, control, key } = lookup
    const { levels } = this.#dependencies
    return {
      isRefresh,
      tags: CacheTags.of(call.request.model, control.tags),
      context,
      run: (publisher) => {
        if (isRefresh) return this.#fetch(lookup, publisher)
        // An equal flight may have ended after this call read the memory.
        const cached = levels.memory.peek(key)
        if (cached !== undefined) return Effect.succeed<FlightResult>({ _tag: "Entry", level: "memory", entry: cached })
        return Effect.flatMap(
          levels.readStore(key),
          Option.match({
            onNone: () => this.#fetch(lookup, publisher),
            onSome: (entry) => Effect.succeed<FlightResult>({ _tag: "Entry", level: "store", entry })
          })
        )
      }
    }
  }

  /** Asks the host, and caches the response if new callers would still join this flight. */
  #fetch(lookup: CacheLookup, { isCurrent, publish }: Publisher<EventChunk>): Effect.Effect<FlightResult, StreamError> {
    return Effect.suspend(() => {
      const { call, fetch } = lookup
      const state: CallState = {}
      const result = Effect.flatMap(fetch({ ...call, state }, publish), (fetched) => {
        const response: FlightResult = { _tag: "Response", response: fetched.response }
        return isCurrent()
          ? Effect.as(this.#store(lookup, state.lastAttempt ?? call, fetched), response)
          : Effect.succeed(response)
      })
      return Effect.catchIf(result, isCallerError, (error) => Effect.succeed<FlightResult>({ _tag: "Refused", error }))
    })
  }

  #store(lookup: CacheLookup, answered: Call, { isSingleAttempt, recording, response }: FetchResult) {
    const { levels, options } = this.#dependencies
    const timeToLive = lookup.control.timeToLive ?? options.timeToLive
    const isStored =
      isSingleAttempt && Duration.isPositive(timeToLive) && isCacheable(lookup.call.request, response, this.#alsoCache)
    if (!isStored) return Effect.void
    const tags = CacheTags.of(answered.request.model, lookup.control.tags)
    const content = { response, tags, ...(recording === undefined ? {} : { recording }) }
    return Effect.map(this.#keysFor(lookup, answered), (keys) =>
      levels.set(keys, content, { timeToLive, staleAfter: options.staleAfter })
    )
  }

  /** The keys under which a response is stored: those of the host and model that gave it. */
  #keysFor(lookup: CacheLookup, answered: Call): Effect.Effect<ReadonlyArray<string>> {
    const { key, originOf, tenant } = lookup
    if (isOwnResponse(lookup, answered)) return Effect.succeed([key])
    const { keyOf, options } = this.#dependencies
    const { provider, request } = answered
    return Effect.map(keyOf({ provider, request, tenant, origin: originOf(answered) }), (answeredKey) =>
      options.sharesFallback ? [answeredKey, key] : [answeredKey]
    )
  }
}
