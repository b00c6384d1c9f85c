/**
 * Recovers a stream that breaks in the middle of its response.
 *
 * Before its first content a broken stream is retried without effect. After it,
 * the consumer has a part of the response, so recovery needs its consent: this
 * stage is off by default, and its events show what it does.
 *
 * - `regenerate` calls again. The consumer receives `Reset`, discards what it
 *   has, and a whole new stream follows.
 * - `continue` requests the rest by Partial Mode. The consumer receives
 *   `Resume`, keeps what it has, and the rest follows.
 *
 * **Details**
 *
 * - Only a retryable error is recovered, and only `maxRecoveries` times.
 * - Never after a completed `ToolCall`, because the tool may have run, and
 *   never after `Finish`.
 * - This stage does not wait, so an error with a `retryAfter` is not recovered:
 *   the host's wait is a floor. The retry stage inside waits before content.
 * - The rest is requested from the account and model that wrote the beginning,
 *   and from no other: a fallback plan does not move it. When that fails before
 *   its first content and the plan has another step, that step gives a whole
 *   response after a `Reset`. When another host or model responds nevertheless,
 *   its text is discarded, and the response is regenerated if a recovery is
 *   left.
 * - A new attempt begins at the step of the plan that wrote the beginning.
 * - Where continuing is not possible, the response is regenerated: a host or
 *   model without Partial Mode, several choices, JSON formats, a tool call that
 *   has begun, no text yet, no tokens left, and a response that lacks only its
 *   end mark.
 * - `Usage` is the sum over all attempts. What a broken attempt cost is
 *   estimated when the host did not report it, and the event then has
 *   `isEstimate`.
 * - `Reset` and `Resume` precede the first events of the new attempt. If there
 *   are none, the stream fails and the consumer keeps the part that it has. The
 *   `attempts` of the error begin with those that broke.
 *
 * **Gotchas**
 *
 * - Text that was shown has to be taken back on `Reset`.
 * - A stream that broke after its last word and before its end mark has no
 *   rest: a continuation of it may fail with `EmptyResponseError`.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { table } from "../errors/ErrorFacts.ts"
import { withDetails, withAttempts } from "../errors/internal/ErrorDetails.ts"
import type { FailedAttempt } from "../errors/FailedAttempt.ts"
import type { StreamError } from "../errors/OperationErrors.ts"
import * as MonotonicClock from "../internal/MonotonicClock.ts"
import type { Call, Route, StreamAttempt } from "../pipeline/Call.ts"
import * as Continuation from "./internal/Continuation.ts"
import { attemptsOf, type RecoveryAttempt, withBoundary, withTotalUsage } from "./internal/RecoveryAttempt.ts"
import { isSameOrigin, type Origin, originOf } from "./internal/StreamOrigin.ts"
import * as Stage from "../pipeline/Stage.ts"
import { Transcript } from "../pipeline/internal/Transcript.ts"
import type { EventChunk } from "../pipeline/internal/EventChunk.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Whether a new attempt starts over or continues where the broken one ended. */
  readonly mode: "regenerate" | "continue"
  /** How often a stream may be recovered. Defaults to once. */
  readonly maxRecoveries?: number | undefined
  /**
   * Whether host and model of a call support Partial Mode. It receives the call
   * that wrote the beginning, which a fallback plan may have moved. Defaults to
   * never: a host that does not would begin again, and the consumer would have
   * the text twice.
   */
  readonly isContinuationSupported?: ((call: Call) => boolean) | undefined
}

type EventPull = Pull.Pull<EventChunk, StreamError>

/** Interruption and defects are not failures of the host. */
const failureOf = (cause: Cause.Cause<StreamError>): StreamError | undefined =>
  Cause.hasInterrupts(cause) || Cause.hasDies(cause) ? undefined : Option.getOrUndefined(Cause.findErrorOption(cause))

const isRecoverable = (error: StreamError, { hasContent, isCommitted }: Transcript): boolean =>
  hasContent &&
  !isCommitted &&
  error.isRetryable &&
  (error.retryAfter === undefined || Duration.isZero(error.retryAfter))

const defaultMaxRecoveries = 1

/**
 * Recovers a stream that breaks after its first content.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withStreamRecovery =
  ({ isContinuationSupported, maxRecoveries = defaultMaxRecoveries, mode }: Options) =>
  (inner: StreamAttempt): StreamAttempt =>
  (original) => {
    const recover = Effect.fnUntraced(function* (scope: Scope.Scope) {
      const clock = yield* Clock.Clock
      const broken: Array<RecoveryAttempt> = []
      const attempts: Array<FailedAttempt> = []
      /** What the consumer keeps of the attempts that broke. */
      let kept: Continuation.PartialText = { content: "", reasoning: "" }
      let isJoined = true
      let recoveries = 0
      /** The attempt that broke last: its error, and what it was a response of. */
      let beginning:
        | { readonly error: StreamError; readonly start: Transcript["start"]; readonly call: Call | undefined }
        | undefined
      /** The error of the rest after which another step was called. */
      let lastHostError: StreamError | undefined
      let attempt: RecoveryAttempt
      let attemptScope: Scope.Closeable
      let pull: EventPull

      const open = (call: Call, joint: RecoveryAttempt["boundary"]): Effect.Effect<void> =>
        Effect.suspend(() => {
          attempt = {
            call,
            transcript: new Transcript(),
            startedAt: MonotonicClock.millisUnsafe(clock),
            boundary: joint
          }
          attemptScope = Scope.forkUnsafe(scope)
          isJoined = joint === undefined
          return Effect.map(Channel.toPullScoped(inner(call).channel, attemptScope), (opened) => {
            pull = opened
          })
        })

      const onEvents = (events: EventChunk): EventChunk => {
        for (const event of events) attempt.transcript.add(event)
        if (attempt.boundary === undefined) return events
        const shown = isJoined ? events : withBoundary(events, attempt.boundary)
        isJoined = true
        return withTotalUsage(shown, broken, attempt)
      }

      /** The call for the rest of a response, at the account and model that began it. */
      const continuation = (received: Continuation.PartialText, origin: Origin | undefined): Call | undefined => {
        const { hasToolCalls, isSingleChoice, usage } = attempt.transcript
        const isAllowed =
          mode === "continue" &&
          origin !== undefined &&
          isSingleChoice &&
          !hasToolCalls &&
          usage === undefined &&
          isContinuationSupported?.(origin.call) === true
        return isAllowed ? Continuation.make(original, received) : undefined
      }

      /** Closes this attempt's connection and opens the next. */
      const reopen = (
        call: Call,
        route: Route | undefined,
        boundary: NonNullable<RecoveryAttempt["boundary"]>,
        exit: Exit.Exit<never, StreamError>
      ): Effect.Effect<void> => {
        const isRest = boundary._tag === "Resume"
        if (!isRest) kept = { content: "", reasoning: "" }
        if (original.state !== undefined && route !== undefined)
          original.state.again = { route, isRest, whole: original.request }
        return Effect.andThen(Scope.close(attemptScope, exit), open(call, boundary))
      }

      /** The next attempt, after this one has broken. */
      const again = (error: StreamError, cause: Cause.Cause<StreamError>): Effect.Effect<void> => {
        recoveries += 1
        broken.push(attempt)
        attempts.push(...attemptsOf(clock, error, attempt))
        const { content, reasoning, start } = attempt.transcript
        const held = { content: kept.content + content, reasoning: kept.reasoning + reasoning }
        const origin = originOf(original, attempt.transcript)
        const rest = continuation(held, origin)
        beginning = { error, start, call: original.state?.lastAttempt }
        if (rest !== undefined) kept = held
        return reopen(
          rest ?? original,
          origin?.route ?? original.state?.route,
          { _tag: rest === undefined ? "Reset" : "Resume", reason: error._tag },
          Exit.failCause(cause)
        )
      }

      /** The step of a fallback plan that may respond after the rest could not be had where the response began. */
      const nextRoute = (): Route | undefined => {
        const { again, route } = original.state ?? {}
        return again?.isRest === true && !attempt.transcript.hasContent && route?.step !== again.route.step
          ? route
          : undefined
      }

      /** A whole response of another step, in place of the rest. It belongs to the same recovery. */
      const moveOn = (error: StreamError, cause: Cause.Cause<StreamError>, route: Route): Effect.Effect<void> => {
        if (attempt.transcript.start !== undefined) broken.push(attempt)
        lastHostError = error
        attempts.push(...attemptsOf(clock, error, attempt))
        return reopen(
          original,
          route,
          { _tag: "Reset", reason: beginning?.error._tag ?? error._tag },
          Exit.failCause(cause)
        )
      }

      /** Whether these are the first events of a rest that another host, account or model has written. */
      const isForeign = ([first]: EventChunk): boolean => {
        if (isJoined || attempt.boundary?._tag !== "Resume" || beginning === undefined) return false
        const start = first._tag === "Start" ? first : undefined
        return !isSameOrigin(beginning, { start, call: original.state?.lastAttempt })
      }

      /** Discards the rest that another host or model has written. */
      const discard = (events: EventChunk, { error }: { readonly error: StreamError }): EventPull => {
        for (const event of events) attempt.transcript.add(event)
        const abandoned = Exit.interrupt()
        if (recoveries >= maxRecoveries) {
          return Effect.andThen(Scope.close(attemptScope, abandoned), Effect.fail(withAttempts(error, attempts)))
        }
        recoveries += 1
        broken.push(attempt)
        const boundary = { _tag: "Reset", reason: error._tag } as const
        return Effect.andThen(reopen(original, original.state?.again?.route, boundary, abandoned), next)
      }

      /** The error that ends a stream after attempts that broke, with the ids of the last attempt if that started. */
      const withEarlier = (error: StreamError): StreamError => {
        const { requestId, traceId } = attempt.transcript.start ?? {}
        const own = attemptsOf(clock, error, attempt)
        // A refusal by the budget does not replace the error of a host.
        const final = table[error._tag].category === "money" ? (lastHostError ?? error) : error
        return withAttempts(withDetails(final, { requestId, traceId }), [...attempts, ...own])
      }

      const next: EventPull = Pull.matchEffect(
        Effect.suspend(() => pull),
        {
          onSuccess: (events): EventPull =>
            beginning !== undefined && isForeign(events)
              ? discard(events, beginning)
              : Effect.succeed(onEvents(events)),
          onFailure: (cause): EventPull => {
            const error = failureOf(cause)
            if (error !== undefined && recoveries < maxRecoveries && isRecoverable(error, attempt.transcript)) {
              return Effect.andThen(again(error, cause), next)
            }
            const route = error === undefined ? undefined : nextRoute()
            if (error !== undefined && route !== undefined) return Effect.andThen(moveOn(error, cause, route), next)
            return Effect.failCause(recoveries === 0 ? cause : Cause.map(cause, withEarlier))
          },
          onDone: () => Cause.done()
        }
      )
      yield* open(original, undefined)
      return next
    })
    return Stream.fromChannel(Channel.fromTransform((_: unknown, scope: Scope.Scope) => recover(scope)))
  }

/**
 * The stage of the pipeline. A whole response has no middle, so it is left
 * unchanged.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (options: Options): Stage.Stage =>
  Stage.make("recovery", {
    stream: withStreamRecovery(options),
    options: { mode: options.mode, recoveries: String(options.maxRecoveries ?? defaultMaxRecoveries) }
  })
