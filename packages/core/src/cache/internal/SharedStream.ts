/**
 * The stream of a flight, as each of its callers reads it.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { StreamError } from "../../errors/OperationErrors.ts"
import type { StreamEvent } from "../../models/StreamEvent.ts"
import type { CacheFlights } from "./CacheFlights.ts"
import type { CacheLookup } from "./CacheLookup.ts"
import { type CacheResponses, inFlightStatus } from "./CacheResponses.ts"
import type { FlightResult } from "./FlightResult.ts"
import type { EventChunk } from "../../pipeline/internal/EventChunk.ts"
import type { Subscription } from "./SingleFlight.ts"
import { replay } from "./StreamRecording.ts"

type EventStream = Stream.Stream<StreamEvent, StreamError>

const markInFlight = (event: StreamEvent): StreamEvent =>
  event._tag === "Start" ? { ...event, cached: inFlightStatus } : event

/**
 * The events of a flight as they arrive. A flight without events gives those of
 * its response; one that was refused for reasons of the caller that started it
 * is replaced by `retry`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  flights: CacheFlights,
  responses: CacheResponses,
  lookup: CacheLookup,
  retry: EventStream
): EventStream =>
  Stream.suspend(() => {
    let rest: EventStream = Stream.empty

    /** What follows the events of a flight that has ended with this result. */
    const eventsAfter = (result: FlightResult, isFirst: boolean, hasEvents: boolean): EventStream => {
      if (result._tag === "Refused") return isFirst || hasEvents ? Stream.fail(result.error) : retry
      if (hasEvents) return Stream.empty
      const { recording, response } = responses.fromFlight(lookup, result, isFirst)
      return replay(response, recording)
    }

    const pullOf = ({
      isFirst,
      next
    }: Subscription<EventChunk, FlightResult, StreamError>): Pull.Pull<EventChunk, StreamError> => {
      let hasEvents = false
      return Pull.matchEffect(next, {
        onSuccess: (events) => {
          hasEvents = true
          return Effect.succeed(isFirst ? events : Arr.map(events, markInFlight))
        },
        onFailure: Effect.failCause,
        onDone: (result) => {
          rest = eventsAfter(result, isFirst, hasEvents)
          return Cause.done()
        }
      })
    }

    const events = Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
      Effect.uninterruptible(
        Effect.suspend(() => {
          const subscription = flights.join(lookup, lookup.control.mode === "refresh")
          return Effect.as(Scope.addFinalizer(scope, subscription.unsubscribe), pullOf(subscription))
        })
      )
    )
    return Stream.concat(
      Stream.fromChannel(events),
      Stream.suspend(() => rest)
    )
  })
