/**
 * One stream of the recovery stage: the attempt that runs, those that broke,
 * and what the consumer keeps of them.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import { table } from "../../errors/ErrorFacts.ts"
import { withAttempts, withDetails } from "../../errors/internal/ErrorDetails.ts"
import type { FailedAttempt } from "../../errors/FailedAttempt.ts"
import type { StreamError } from "../../errors/OperationErrors.ts"
import * as MonotonicClock from "../../internal/MonotonicClock.ts"
import type { Call, Route, StreamAttempt } from "../../pipeline/Call.ts"
import type { EventChunk } from "../../pipeline/internal/EventChunk.ts"
import { Transcript } from "../../pipeline/internal/Transcript.ts"
import * as Continuation from "./Continuation.ts"
import { attemptsOf, type RecoveryAttempt, withBoundary, withTotalUsage } from "./RecoveryAttempt.ts"
import { isSameOrigin, originOf } from "./StreamOrigin.ts"

export type EventPull = Pull.Pull<EventChunk, StreamError>

type Boundary = NonNullable<RecoveryAttempt["boundary"]>

/** What one stream is recovered with. */
export interface Recovery {
  readonly mode: "regenerate" | "continue"
  readonly maxRecoveries: number
  readonly isContinuationSupported: ((call: Call) => boolean) | undefined
  readonly inner: StreamAttempt
  readonly original: Call
  readonly clock: Clock.Clock
  readonly scope: Scope.Scope
}

/** The attempt that broke last: its error, and what it was a response of. */
interface Beginning {
  readonly error: StreamError
  readonly start: Transcript["start"]
  readonly call: Call | undefined
}

/** Interruption and defects are not failures of the host. */
const failureOf = (cause: Cause.Cause<StreamError>): StreamError | undefined =>
  Cause.hasInterrupts(cause) || Cause.hasDies(cause) ? undefined : Option.getOrUndefined(Cause.findErrorOption(cause))

const isRecoverable = (error: StreamError, { hasContent, isCommitted }: Transcript): boolean =>
  hasContent &&
  !isCommitted &&
  error.isRetryable &&
  (error.retryAfter === undefined || Duration.isZero(error.retryAfter))

export class RecoveredStream {
  readonly #recovery: Recovery
  readonly #broken: Array<RecoveryAttempt> = []
  readonly #failed: Array<FailedAttempt> = []
  /** What the consumer keeps of the attempts that broke. */
  #kept: Continuation.PartialText = { content: "", reasoning: "" }
  #recoveries = 0
  #beginning: Beginning | undefined
  /** The error of the rest after which another step was called. */
  #lastHostError: StreamError | undefined
  #attempt: RecoveryAttempt
  /** Whether the consumer has received the boundary of this attempt. */
  #isJoined = true
  #attemptScope: Scope.Closeable
  #pull: EventPull = Cause.done()

  constructor(recovery: Recovery) {
    this.#recovery = recovery
    this.#attempt = this.#attemptOf(recovery.original, undefined)
    this.#attemptScope = Scope.forkUnsafe(recovery.scope)
  }

  /** The events for the consumer, once the first attempt is open. */
  get events(): Effect.Effect<EventPull> {
    return Effect.as(this.#open(), this.#next)
  }

  readonly #next: EventPull = Pull.matchEffect(
    Effect.suspend(() => this.#pull),
    {
      onSuccess: (events): EventPull =>
        this.#beginning !== undefined && this.#isForeign(events, this.#beginning)
          ? this.#discard(events, this.#beginning)
          : Effect.succeed(this.#received(events)),
      onFailure: (cause): EventPull => this.#afterFailure(cause),
      onDone: () => Cause.done()
    }
  )

  #attemptOf(call: Call, boundary: RecoveryAttempt["boundary"]): RecoveryAttempt {
    const startedAt = MonotonicClock.millisUnsafe(this.#recovery.clock)
    return { call, transcript: new Transcript(), startedAt, boundary }
  }

  #open(): Effect.Effect<void> {
    const opened = Channel.toPullScoped(this.#recovery.inner(this.#attempt.call).channel, this.#attemptScope)
    return Effect.map(opened, (pull) => {
      this.#pull = pull
    })
  }

  #received(events: EventChunk): EventChunk {
    for (const event of events) this.#attempt.transcript.add(event)
    const { boundary } = this.#attempt
    if (boundary === undefined) return events
    const shown = this.#isJoined ? events : withBoundary(events, boundary)
    this.#isJoined = true
    return withTotalUsage(shown, this.#broken, this.#attempt)
  }

  #afterFailure(cause: Cause.Cause<StreamError>): EventPull {
    const error = failureOf(cause)
    if (error === undefined) return this.#fail(cause)
    if (this.#recoveries < this.#recovery.maxRecoveries && isRecoverable(error, this.#attempt.transcript)) {
      return Effect.andThen(this.#again(error, cause), this.#next)
    }
    const route = this.#nextRoute()
    return route === undefined ? this.#fail(cause) : Effect.andThen(this.#moveOn(error, cause, route), this.#next)
  }

  #fail(cause: Cause.Cause<StreamError>): EventPull {
    return Effect.failCause(this.#recoveries === 0 ? cause : Cause.map(cause, (error) => this.#withEarlier(error)))
  }

  /** The next attempt, after this one has broken. */
  #again(error: StreamError, cause: Cause.Cause<StreamError>): Effect.Effect<void> {
    const { clock, original } = this.#recovery
    this.#recoveries += 1
    this.#broken.push(this.#attempt)
    this.#failed.push(...attemptsOf(clock, error, this.#attempt))
    const { content, reasoning, start } = this.#attempt.transcript
    const held = { content: this.#kept.content + content, reasoning: this.#kept.reasoning + reasoning }
    const rest = this.#continuation(held, originOf(original, this.#attempt.transcript))
    this.#beginning = { error, start, call: original.state?.lastAttempt }
    this.#kept = held
    return this.#reopen(
      rest ?? original,
      original.state?.route,
      { _tag: rest === undefined ? "Reset" : "Resume", reason: error._tag },
      Exit.failCause(cause)
    )
  }

  /** The call for the rest of a response, at the account and model that began it. */
  #continuation(received: Continuation.PartialText, origin: Call | undefined): Call | undefined {
    const { isContinuationSupported, mode, original } = this.#recovery
    const { hasToolCalls, isSingleChoice, usage } = this.#attempt.transcript
    const isAllowed =
      mode === "continue" &&
      origin !== undefined &&
      isSingleChoice &&
      !hasToolCalls &&
      usage === undefined &&
      isContinuationSupported?.(origin) === true
    return isAllowed ? Continuation.make(original, received) : undefined
  }

  /** The step of a fallback plan that may respond after the rest could not be had where the response began. */
  #nextRoute(): Route | undefined {
    const { again, route } = this.#recovery.original.state ?? {}
    return again?.isRest === true && !this.#attempt.transcript.hasContent && route?.step !== again.route.step
      ? route
      : undefined
  }

  /** A whole response of another step, in place of the rest. It belongs to the same recovery. */
  #moveOn(error: StreamError, cause: Cause.Cause<StreamError>, route: Route): Effect.Effect<void> {
    const { clock, original } = this.#recovery
    // It is not among those that broke: a plan shows nothing of an attempt that fails before its first content.
    this.#lastHostError = error
    this.#failed.push(...attemptsOf(clock, error, this.#attempt))
    const boundary: Boundary = { _tag: "Reset", reason: this.#beginning?.error._tag ?? error._tag }
    return this.#reopen(original, route, boundary, Exit.failCause(cause))
  }

  /** Closes this attempt's connection and opens the next. */
  #reopen(
    call: Call,
    route: Route | undefined,
    boundary: Boundary,
    exit: Exit.Exit<never, StreamError>
  ): Effect.Effect<void> {
    const { original, scope } = this.#recovery
    const isRest = boundary._tag === "Resume"
    if (!isRest) this.#kept = { content: "", reasoning: "" }
    if (original.state !== undefined && route !== undefined)
      original.state.again = { route, isRest, whole: original.request }
    return Effect.andThen(
      Scope.close(this.#attemptScope, exit),
      Effect.suspend(() => {
        this.#attempt = this.#attemptOf(call, boundary)
        this.#attemptScope = Scope.forkUnsafe(scope)
        this.#isJoined = false
        return this.#open()
      })
    )
  }

  /** Whether these are the first events of a rest that another host, account or model has written. */
  #isForeign([first]: EventChunk, beginning: Beginning): boolean {
    if (this.#isJoined || this.#attempt.boundary?._tag !== "Resume") return false
    const start = first._tag === "Start" ? first : undefined
    return !isSameOrigin(beginning, { start, call: this.#recovery.original.state?.lastAttempt })
  }

  /** Discards the rest that another host or model has written. */
  #discard(events: EventChunk, { error }: Beginning): EventPull {
    const { maxRecoveries, original } = this.#recovery
    for (const event of events) this.#attempt.transcript.add(event)
    const abandoned = Exit.interrupt()
    if (this.#recoveries >= maxRecoveries) {
      const ended = Effect.fail(withAttempts(error, this.#failed))
      return Effect.andThen(Scope.close(this.#attemptScope, abandoned), ended)
    }
    this.#recoveries += 1
    this.#broken.push(this.#attempt)
    const boundary: Boundary = { _tag: "Reset", reason: error._tag }
    return Effect.andThen(this.#reopen(original, original.state?.again?.route, boundary, abandoned), this.#next)
  }

  /** The error that ends a stream after attempts that broke, with the ids of the last attempt if that started. */
  #withEarlier(error: StreamError): StreamError {
    const { requestId, traceId } = this.#attempt.transcript.start ?? {}
    const own = attemptsOf(this.#recovery.clock, error, this.#attempt)
    // A refusal by the budget does not replace the error of a host.
    const final = table[error._tag].category === "money" ? (this.#lastHostError ?? error) : error
    return withAttempts(withDetails(final, { requestId, traceId }), [...this.#failed, ...own])
  }
}
