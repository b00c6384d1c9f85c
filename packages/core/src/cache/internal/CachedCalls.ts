/**
 * Serves calls from the cache, or from the host if the cache has no response:
 * once for all concurrent calls with the same key.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ChatError, StreamError } from "../../errors/OperationErrors.ts"
import type { ChatResponse } from "../../models/ChatResponse.ts"
import type { StreamEvent } from "../../models/StreamEvent.ts"
import type { Attempt, StreamAttempt } from "../../pipeline/Call.ts"
import { CacheFlights } from "./CacheFlights.ts"
import { type CacheLookup, type Dependencies, type OriginOf, withLookup } from "./CacheLookup.ts"
import { CacheResponses } from "./CacheResponses.ts"
import { fromAttempt, fromStreamAttempt, isChatError } from "./OriginFetch.ts"
import * as SharedStream from "./SharedStream.ts"
import { replay } from "./StreamRecording.ts"

export type { OriginOf } from "./CacheLookup.ts"
export type { FlightResult } from "./FlightResult.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface CachedCalls {
  readonly guard: (inner: Attempt, originOf: OriginOf) => Attempt
  readonly guardStream: (inner: StreamAttempt, originOf: OriginOf) => StreamAttempt
}

/**
 * How many further flights a call joins, if a stream breaks or the caller that
 * started one was refused, before it calls the host alone.
 */
const maxJoins = 2

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (dependencies: Dependencies): CachedCalls => {
  const { clock, keyOf, options } = dependencies
  const flights = new CacheFlights(dependencies)
  const responses = new CacheResponses(dependencies, flights)
  const recordingClock = options.replay === "recorded" ? clock : undefined

  /** Waits for a flight. If its failure does not concern this call, waits for another, and finally calls the host alone. */
  const fetchShared = (lookup: CacheLookup, inner: Attempt, joins: number): Effect.Effect<ChatResponse, ChatError> => {
    const retry = Effect.suspend(() =>
      joins < maxJoins ? fetchShared(lookup, inner, joins + 1) : inner({ ...lookup.call, state: {} })
    )
    return Effect.matchEffect(flights.joinAndWait(lookup, lookup.control.mode === "refresh"), {
      onSuccess: ([result, isFirst]) => {
        if (result._tag !== "Refused") return Effect.succeed(responses.fromFlight(lookup, result, isFirst).response)
        return isFirst ? Effect.fail(result.error) : retry
      },
      onFailure: (error) => (isChatError(error) ? Effect.fail(error) : retry)
    })
  }

  const streamShared = (
    lookup: CacheLookup,
    inner: StreamAttempt,
    joins: number
  ): Stream.Stream<StreamEvent, StreamError> =>
    SharedStream.make(
      flights,
      responses,
      lookup,
      Stream.suspend(() =>
        joins < maxJoins ? streamShared(lookup, inner, joins + 1) : inner({ ...lookup.call, state: {} })
      )
    )

  return {
    guard: (inner, originOf) => {
      const fetch = fromAttempt(inner)
      return (call) =>
        withLookup(
          keyOf,
          call,
          fetch,
          originOf,
          (lookup) =>
            Effect.flatMap(responses.find(lookup), (found) =>
              found === undefined ? fetchShared(lookup, inner, 0) : Effect.succeed(found.response)
            ),
          () => inner(call)
        )
    },
    guardStream: (inner, originOf) => {
      const fetch = fromStreamAttempt(inner, recordingClock)
      return (call) =>
        Stream.unwrap(
          withLookup<Stream.Stream<StreamEvent, StreamError>, StreamError, never>(
            keyOf,
            call,
            fetch,
            originOf,
            (lookup) =>
              Effect.map(responses.find(lookup), (found) =>
                found === undefined ? streamShared(lookup, inner, 0) : replay(found.response, found.recording)
              ),
            () => Effect.succeed(inner(call))
          )
        )
    }
  }
}
