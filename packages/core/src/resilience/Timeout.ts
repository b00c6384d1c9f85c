/**
 * Bounds one attempt in time: as a whole, until its first content, and between
 * contents.
 *
 * **Details**
 *
 * - Only the time spent waiting for the host counts as idle; a consumer that
 *   takes long between two events does not make a stream time out.
 * - Only what the model generated counts as content, so keep-alive comments do
 *   not keep a dead stream alive.
 * - A timeout interrupts the attempt, which closes its connection.
 * - A stream ends with its `Finish`: nothing that happens to the attempt after
 *   it is waited for, and nothing can fail it.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import { FirstTokenTimeoutError, IdleTimeoutError, TotalTimeoutError } from "../errors/TimeoutErrors.ts"
import * as MonotonicClock from "../internal/MonotonicClock.ts"
import * as TimeBound from "../internal/TimeBound.ts"
import { isContent, type Start, type StreamEvent } from "../models/StreamEvent.ts"
import { type Call, timeForPart } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import * as Watchdog from "../pipeline/internal/Watchdog.ts"
import type { EventChunk } from "../pipeline/internal/EventChunk.ts"

/**
 * The bounds of one attempt. The defaults are in `KimiConfig`.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Longest attempt as a whole. */
  readonly totalTimeout: Duration.Input
  /** Longest wait for the first content of a stream. */
  readonly firstTokenTimeout: Duration.Input
  /** Longest silence between contents of a stream. */
  readonly idleTimeout: Duration.Input
}

type Bounds = { readonly [Name in keyof Options]: Duration.Duration }

const boundsOf = ({ firstTokenTimeout, idleTimeout, totalTimeout }: Options): Bounds => ({
  totalTimeout: Duration.fromInputUnsafe(totalTimeout),
  firstTokenTimeout: Duration.fromInputUnsafe(firstTokenTimeout),
  idleTimeout: Duration.fromInputUnsafe(idleTimeout)
})

/**
 * The host and the model of an attempt, for its errors.
 *
 * @category options
 * @since 0.1.0
 */
export interface AttemptTarget {
  /** The host, by the id of its provider description. */
  readonly provider?: string
  /** The model. */
  readonly model?: string
}

/** With the host's ids, once its response has begun. */
interface StartedAttempt extends AttemptTarget {
  readonly requestId?: string
  readonly traceId?: string
}

const withResponseIds = (origin: AttemptTarget, { requestId, traceId }: typeof Start.Type): StartedAttempt => ({
  ...origin,
  ...(requestId === undefined ? {} : { requestId }),
  ...(traceId === undefined ? {} : { traceId })
})

const totalTimeoutError = (timeout: Duration.Duration, origin: StartedAttempt): TotalTimeoutError =>
  new TotalTimeoutError({ ...origin, message: `The attempt took longer than ${Duration.format(timeout)}`, timeout })

/**
 * Bounds an attempt as a whole.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withTimeout = (
  options: Pick<Options, "totalTimeout">,
  origin: AttemptTarget = {}
): (<A, E, R>(attempt: Effect.Effect<A, E, R>) => Effect.Effect<A, E | TotalTimeoutError, R>) => {
  const timeout = Duration.fromInputUnsafe(options.totalTimeout)
  return (attempt) =>
    TimeBound.within(attempt, Duration.toMillis(timeout), () => Effect.fail(totalTimeoutError(timeout, origin)))
}

type StreamTimeoutError = FirstTokenTimeoutError | IdleTimeoutError | TotalTimeoutError

const contentTimeoutError = (hasContent: boolean, options: Bounds, origin: StartedAttempt): StreamTimeoutError =>
  hasContent
    ? new IdleTimeoutError({
        ...origin,
        message: `The stream received no content for ${Duration.format(options.idleTimeout)}`,
        timeout: options.idleTimeout
      })
    : new FirstTokenTimeoutError({
        ...origin,
        message: `The stream received no content within ${Duration.format(options.firstTokenTimeout)}`,
        timeout: options.firstTokenTimeout
      })

/** The bounds of one streamed attempt. A class, so that an open stream holds no closure over its attempt. */
class BoundedStream<E> {
  readonly #pull: Pull.Pull<EventChunk, E>
  readonly #options: Bounds
  readonly #clock: Clock.Clock
  readonly #watchdog: Watchdog.Watchdog
  /** When the attempt must be over, a `MonotonicClock` time. */
  readonly #end: number
  readonly #target: AttemptTarget
  /** The target with the ids of the response, once it has begun. */
  #started: StartedAttempt
  #hasContent = false
  #isFinished = false
  /** For how many more milliseconds the host may stay silent. */
  #maxSilence: number

  constructor(
    pull: Pull.Pull<EventChunk, E>,
    options: Bounds,
    target: AttemptTarget,
    clock: Clock.Clock,
    watchdog: Watchdog.Watchdog
  ) {
    this.#pull = pull
    this.#options = options
    this.#clock = clock
    this.#watchdog = watchdog
    this.#end = MonotonicClock.millisUnsafe(clock) + Duration.toMillis(options.totalTimeout)
    this.#target = target
    this.#started = target
    this.#maxSilence = Duration.toMillis(options.firstTokenTimeout)
  }

  readonly next: Pull.Pull<EventChunk, E | StreamTimeoutError> = Effect.suspend(
    (): Pull.Pull<EventChunk, E | StreamTimeoutError> => {
      if (this.#isFinished) return Cause.done()
      const start = MonotonicClock.millisUnsafe(this.#clock)
      // Events that have already arrived would win against any timer.
      if (start >= this.#end) return Effect.fail(totalTimeoutError(this.#options.totalTimeout, this.#started))
      const deadline = Math.min(this.#end, start + this.#maxSilence)
      return Effect.map(
        this.#watchdog.guard(this.#pull, deadline, () => Effect.fail(this.#timeoutError(deadline))),
        (events) => this.#receive(events, start)
      )
    }
  )

  #timeoutError(deadline: number): StreamTimeoutError {
    return deadline === this.#end
      ? totalTimeoutError(this.#options.totalTimeout, this.#started)
      : contentTimeoutError(this.#hasContent, this.#options, this.#started)
  }

  #receive(events: EventChunk, start: number): EventChunk {
    if (events[0]._tag === "Start") this.#started = withResponseIds(this.#target, events[0])
    this.#isFinished = events.at(-1)?._tag === "Finish"
    if (events.some(isContent)) {
      this.#hasContent = true
      this.#maxSilence = Duration.toMillis(this.#options.idleTimeout)
    } else {
      this.#maxSilence -= MonotonicClock.millisUnsafe(this.#clock) - start
    }
    return events
  }
}

const withinBounds =
  (bounds: Bounds, origin: AttemptTarget) =>
  <E, R>(attempt: Stream.Stream<StreamEvent, E, R>): Stream.Stream<StreamEvent, E | StreamTimeoutError, R> =>
    Stream.transformPull(attempt, (pull, scope) =>
      Effect.map(
        Effect.all([Clock.Clock, Watchdog.make(scope)]),
        ([clock, watchdog]) => new BoundedStream(pull, bounds, origin, clock, watchdog).next
      )
    )

/**
 * Bounds a streamed attempt: as a whole, until its first content, and between contents.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withStreamTimeout = (
  options: Options,
  origin: AttemptTarget = {}
): (<E, R>(attempt: Stream.Stream<StreamEvent, E, R>) => Stream.Stream<StreamEvent, E | StreamTimeoutError, R>) =>
  withinBounds(boundsOf(options), origin)

const targetOf = ({ provider, request }: Call): AttemptTarget => ({ provider, model: request.model })

/** A longer timeout of the call is one of each attempt too. */
const limitedBy = (bounds: Bounds, { limits }: Call): Bounds =>
  limits?.timeout === undefined ? bounds : { ...bounds, totalTimeout: timeForPart(bounds.totalTimeout, limits.timeout) }

/**
 * The stage of the pipeline. `connectTimeout` is enforced by the HTTP client and
 * only described here.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (options: Options & { readonly connectTimeout: Duration.Input }): Stage.Stage => {
  const bounds = boundsOf(options)
  return Stage.make("timeout", {
    effect: (inner) => (call) => withTimeout(limitedBy(bounds, call), targetOf(call))(inner(call)),
    stream: (inner) => (call) => withinBounds(limitedBy(bounds, call), targetOf(call))(inner(call)),
    options: {
      connect: Duration.format(Duration.fromInputUnsafe(options.connectTimeout)),
      "first token": Duration.format(bounds.firstTokenTimeout),
      idle: Duration.format(bounds.idleTimeout),
      total: Duration.format(bounds.totalTimeout)
    }
  })
}
