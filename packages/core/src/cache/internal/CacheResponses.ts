/**
 * Responses as callers get them from the cache, marked with their origin.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CacheMissError } from "../../errors/CacheErrors.ts"
import * as MonotonicClock from "../../internal/MonotonicClock.ts"
import type { CacheStatus } from "../../models/CacheStatus.ts"
import type { ChatResponse } from "../../models/ChatResponse.ts"
import type { CacheFlights } from "./CacheFlights.ts"
import { cacheMiss, type CacheLookup, type Dependencies } from "./CacheLookup.ts"
import { type CachedResponse, statusOf, withCacheStatus } from "./CachedResponse.ts"
import type { FlightResponse } from "./FlightResult.ts"
import type { StreamRecording } from "./StreamRecording.ts"

/**
 * A response for a caller, and how it arrived.
 *
 * @category models
 * @since 0.1.0
 */
export interface ServedResponse {
  readonly response: ChatResponse
  readonly recording: StreamRecording | undefined
}

/**
 * The status of a response that another caller's request has brought.
 *
 * @category constants
 * @since 0.1.0
 */
export const inFlightStatus: CacheStatus = { level: "flight", age: 0, isStale: false }

/**
 * @category models
 * @since 0.1.0
 */
export class CacheResponses {
  readonly #dependencies: Dependencies
  readonly #flights: CacheFlights

  constructor(dependencies: Dependencies, flights: CacheFlights) {
    this.#dependencies = dependencies
    this.#flights = flights
  }

  /** The cached response of a call; `undefined` if the host has to be called. */
  find(lookup: CacheLookup): Effect.Effect<ServedResponse | undefined, CacheMissError> {
    const { control, key } = lookup
    const { levels } = this.#dependencies
    if (control.mode === "refresh") return Effect.undefined
    const entry = levels.memory.get(key)
    if (entry !== undefined) return Effect.succeed(this.#fromEntry(lookup, entry, "memory"))
    if (control.mode !== "onlyIfCached") return Effect.undefined
    return Effect.flatMap(
      levels.readStore(key),
      Option.match({
        onNone: () => Effect.fail(cacheMiss(lookup)),
        onSome: (entry) => Effect.succeed(this.#fromEntry(lookup, entry, "store"))
      })
    )
  }

  /** The response of a flight. `isFirst` is whether this caller started it. */
  fromFlight(lookup: CacheLookup, result: FlightResponse, isFirst: boolean): ServedResponse {
    if (result._tag === "Entry") return this.#fromEntry(lookup, result.entry, result.level)
    const { response } = result
    return { response: isFirst ? response : withCacheStatus(response, inFlightStatus), recording: undefined }
  }

  /** Serves an entry, and refreshes a stale one in the background. */
  #fromEntry(lookup: CacheLookup, entry: CachedResponse, level: CacheStatus["level"]): ServedResponse {
    const { clock, options, staleRefresh } = this.#dependencies
    const status = statusOf(entry, level, MonotonicClock.millisUnsafe(clock))
    if (status.isStale && lookup.control.mode !== "onlyIfCached") {
      staleRefresh.offer(lookup.key, entry, this.#flights.joinAndWait(lookup, true), lookup.context)
    }
    return {
      response: withCacheStatus(entry.response, status),
      recording: options.replay === "recorded" ? entry.recording : undefined
    }
  }
}
