/**
 * The request to the host on behalf of all calls that wait for the same
 * response: for the whole response, or for its events as they arrive.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { table } from "../../errors/ErrorFacts.ts"
import type { ChatError, StreamError } from "../../errors/OperationErrors.ts"
import { StreamTruncatedError } from "../../errors/StreamErrors.ts"
import * as MonotonicClock from "../../internal/MonotonicClock.ts"
import type { ChatResponse } from "../../models/ChatResponse.ts"
import type { StreamEvent } from "../../models/StreamEvent.ts"
import * as StreamFold from "../../models/StreamFold.ts"
import type { Attempt, Call, StreamAttempt } from "../../pipeline/Call.ts"
import { Recorder, type StreamRecording } from "./StreamRecording.ts"
import type { EventChunk } from "../../pipeline/internal/EventChunk.ts"

/**
 * The response of the host.
 *
 * @category models
 * @since 0.1.0
 */
export interface FetchResult {
  readonly response: ChatResponse
  readonly recording?: StreamRecording
  /** Whether one attempt gave all of it: a response that another attempt continued is not. */
  readonly isSingleAttempt: boolean
}

/**
 * Calls the host, and publishes events to all waiting calls as they arrive.
 *
 * @category models
 * @since 0.1.0
 */
export type OriginFetch = (call: Call, publish: (events: EventChunk) => void) => Effect.Effect<FetchResult, StreamError>

/**
 * Requests the whole response.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromAttempt =
  (attempt: Attempt): OriginFetch =>
  (call) =>
    Effect.map(attempt(call), (response) => ({ response, isSingleAttempt: true }))

/**
 * Requests the events, and records their times if there is a clock.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromStreamAttempt =
  (attempt: StreamAttempt, clock: Clock.Clock | undefined): OriginFetch =>
  (call, publish) =>
    Effect.suspend(() => {
      const all: Array<StreamEvent> = []
      const recorded =
        clock === undefined ? undefined : { clock, recorder: new Recorder(MonotonicClock.millisUnsafe(clock)) }
      const run = Stream.runForEachArray(attempt(call), (events) =>
        Effect.sync(() => {
          all.push(...events)
          if (recorded !== undefined) {
            const now = MonotonicClock.millisUnsafe(recorded.clock)
            for (const event of events) recorded.recorder.add(event, now)
          }
          publish(events)
        })
      )
      return Effect.flatMap(run, () =>
        Option.match(StreamFold.fold(all), {
          onNone: () => Effect.fail(new StreamTruncatedError({ message: "The stream has no start or no end" })),
          onSome: (response) =>
            Effect.succeed({
              response,
              ...(recorded === undefined ? {} : { recording: recorded.recorder.recording }),
              isSingleAttempt: !all.some((event) => event._tag === "Resume")
            })
        })
      )
    })

/**
 * Whether a call without a stream can fail with this error too.
 *
 * @category guards
 * @since 0.1.0
 */
export const isChatError = (error: StreamError): error is ChatError => table[error._tag].operations !== "stream"
