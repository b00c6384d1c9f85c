/**
 * How the host is asked on behalf of all who wait for the same answer: for the
 * whole of it, or for its events, which go on as they come.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { table } from "../../errors/ErrorFacts.ts"
import type { ChatError, StreamError } from "../../errors/OperationErrors.ts"
import { StreamTruncatedError } from "../../errors/StreamErrors.ts"
import type { ChatResponse } from "../../models/ChatResponse.ts"
import type { StreamEvent } from "../../models/StreamEvent.ts"
import * as StreamFold from "../../models/StreamFold.ts"
import type { Attempt, Call, StreamAttempt } from "../../pipeline/Call.ts"
import { Recorder, type StreamRecording } from "./StreamRecording.ts"

/**
 * Events that came together.
 *
 * @category models
 * @since 0.1.0
 */
export type Events = Arr.NonEmptyReadonlyArray<StreamEvent>

/**
 * What the host answered.
 *
 * @category models
 * @since 0.1.0
 */
export interface FetchResult {
  readonly response: ChatResponse
  readonly recording?: StreamRecording
  /** Whether it is of one piece: an answer that another attempt took up is not. */
  readonly isSingleAttempt: boolean
}

/**
 * Asks the host, and gives events to all who wait as they come.
 *
 * @category models
 * @since 0.1.0
 */
export type OriginFetch = (call: Call, publish: (events: Events) => void) => Effect.Effect<FetchResult, StreamError>

/**
 * Asks for the whole answer.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromAttempt =
  (attempt: Attempt): OriginFetch =>
  (call) =>
    Effect.map(attempt(call), (response) => ({ response, isSingleAttempt: true }))

/**
 * Asks for the events, and records their times when there is a clock to do so.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromStreamAttempt =
  (attempt: StreamAttempt, clock: Clock.Clock | undefined): OriginFetch =>
  (call, publish) =>
    Effect.suspend(() => {
      const all: Array<StreamEvent> = []
      const recorder = clock === undefined ? undefined : new Recorder(clock.currentTimeMillisUnsafe())
      const run = Stream.runForEachArray(attempt(call), (events) =>
        Effect.sync(() => {
          all.push(...events)
          if (clock !== undefined && recorder !== undefined) {
            const now = clock.currentTimeMillisUnsafe()
            for (const event of events) recorder.add(event, now)
          }
          publish(events)
        })
      )
      return Effect.flatMap(run, () =>
        Option.match(StreamFold.fold(all), {
          onNone: () => Effect.fail(new StreamTruncatedError({ message: "The stream has no beginning or no end" })),
          onSome: (response) =>
            Effect.succeed({
              response,
              ...(recorder === undefined ? {} : { recording: recorder.recording }),
              isSingleAttempt: !all.some((event) => event._tag === "Resume")
            })
        })
      )
    })

/**
 * Whether a whole answer can fail with an error as well.
 *
 * @category guards
 * @since 0.1.0
 */
export const isChatError = (error: StreamError): error is ChatError => table[error._tag].operations !== "stream"
