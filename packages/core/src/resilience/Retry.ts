/**
 * Sends a call again while its failure says that this may help.
 *
 * The stage asks an error nothing but its facts: whether it is retryable, how
 * long the host said to wait, and whether the attempt may have been billed.
 *
 * **Details**
 *
 * - What the host says about waiting is a floor under the schedule: never
 *   earlier, and still growing, because the host is known to say too little.
 * - A wait longer than `maxDelay` is not waited for: the call fails at once,
 *   with the wait in the error.
 * - An attempt that was sent and not answered may be billed, so by default it
 *   is repeated once.
 * - A stream is retried only before its first content.
 * - The final error is the last one, with the facts of every attempt in
 *   `attempts`.
 *
 * **Gotchas**
 *
 * - Put this stage outside the breaker, so that the breaker learns from every
 *   attempt and an open circuit ends the loop at once.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Stream from "effect/Stream"
import { withDetails } from "../errors/internal/ErrorDetails.ts"
import type { FailedAttempt } from "../errors/FailedAttempt.ts"
import type { KimiError } from "../errors/KimiError.ts"
import { DeadlineExceededError } from "../errors/TimeoutErrors.ts"
import type * as KimiConfig from "../KimiConfig.ts"
import type { StreamEvent } from "../models/StreamEvent.ts"
import * as Backoff from "./Backoff.ts"
import { RetryBudget } from "./RetryBudget.ts"
import { transformOpening } from "../pipeline/internal/StreamOpening.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Attempts in all, the first included. */
  readonly maxAttempts: number
  /** The first wait. */
  readonly baseDelay: Duration.Duration
  /** The longest wait, its own or the host's. */
  readonly maxDelay: Duration.Duration
  /** How chance spreads waits. */
  readonly jitter: Backoff.Jitter
  /** Longest time for all attempts and waits together. */
  readonly maxElapsed: Duration.Duration
  /** How often an attempt that was sent and not answered is repeated. */
  readonly ambiguous: "never" | "once" | "always"
  /** The longest attempt, when a stage inside bounds it: it saves a timer for every call that needs no retry. */
  readonly attemptTimeout?: Duration.Duration | undefined
  /** Waits in place of the exponential ones. It sees the error, and ends the loop when it is done. */
  readonly schedule?: Schedule.Schedule<unknown, KimiError> | undefined
}

/**
 * The options of a configuration; their defaults are in `KimiConfig`.
 *
 * @category options
 * @since 0.1.0
 */
export const fromConfig = (config: KimiConfig.Values): Options => ({
  maxAttempts: config.maxAttempts,
  baseDelay: config.retryBaseDelay,
  maxDelay: config.retryMaxDelay,
  jitter: config.retryJitter,
  maxElapsed: config.retryMaxElapsed,
  ambiguous: config.retryAmbiguous,
  attemptTimeout: Duration.sum(config.totalTimeout, config.admissionMaxWait)
})

/**
 * A schedule of the user's in place of the exponential one, for every call of
 * a client. It sees the error and ends the retries when it is done; the host's
 * waits stay floors under it.
 *
 * @category services
 * @since 0.1.0
 */
export class RetrySchedule extends Context.Service<RetrySchedule, Schedule.Schedule<unknown, KimiError>>()(
  "@kimi-effect/core/resilience/Retry/RetrySchedule"
) {}

const ambiguousLimit = { never: 0, once: 1, always: Number.POSITIVE_INFINITY } as const

const factsOf = (error: KimiError, startedAt: number, end: number, delay: number): FailedAttempt => ({
  tag: error._tag,
  ...(error.provider === undefined ? {} : { provider: error.provider }),
  ...(error.model === undefined ? {} : { model: error.model }),
  ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
  startedAt,
  duration: end - startedAt,
  delay,
  isPossiblyBilled: error.billing === "possible"
})

type ScheduleStep = (
  now: number,
  error: KimiError
) => Pull.Pull<readonly [unknown, Duration.Duration], unknown, unknown>

/** The schedule's wait in milliseconds; `undefined` when it is done. A schedule that fails is done too. */
const nextDelay = (step: ScheduleStep, now: number, error: KimiError): Effect.Effect<number | undefined> =>
  Effect.match(step(now, error), {
    onSuccess: ([, delay]) => Duration.toMillis(delay),
    onFailure: () => undefined
  })

const exceeded = (maxElapsed: Duration.Duration, attempts: ReadonlyArray<FailedAttempt>): DeadlineExceededError =>
  new DeadlineExceededError({
    message: `All attempts together took longer than ${Duration.format(maxElapsed)}`,
    timeout: maxElapsed,
    ...(attempts.length === 0 ? {} : { attempts })
  })

/** What the retries of one call share. */
interface RetryContext<A, E, R> {
  readonly options: Options
  readonly budget: RetryBudget["Service"]
  readonly attempt: Effect.Effect<A, E, R>
  readonly clock: Clock.Clock
  /** Unix milliseconds at which all attempts must be over. */
  readonly deadline: number
  readonly attempts: Array<FailedAttempt>
}

const withElapsedLimit = <A, E, R, B, E2, R2>(
  { attempts, clock, deadline: end, options }: RetryContext<A, E, R>,
  effect: Effect.Effect<B, E2, R2>
): Effect.Effect<B, E2 | DeadlineExceededError, R2> =>
  Effect.timeoutOrElse(effect, {
    duration: Math.max(0, end - clock.currentTimeMillisUnsafe()),
    orElse: () => Effect.fail(exceeded(options.maxElapsed, attempts))
  })

/** Waits and tries again after a failure, as often as is allowed. */
const retryAfterFailure = Effect.fnUntraced(function* <A, E extends KimiError, R>(
  { attempt, attempts, budget, clock, deadline: end, options }: RetryContext<A, E, R>,
  failure: E | DeadlineExceededError,
  began: number
): Effect.fn.Return<A, E | DeadlineExceededError, R> {
  const step = yield* Schedule.toStep(options.schedule ?? backoff(options))
  const maxDelay = Duration.toMillis(options.maxDelay)
  let ambiguous = 0
  let withdrawn = 0

  /** How long to wait before the next attempt; `undefined` when there is none. */
  const decide = Effect.fnUntraced(function* (error: E | DeadlineExceededError, now: number) {
    if (!error.isRetryable || attempts.length + 1 >= options.maxAttempts) return undefined
    const isAmbiguous = error.billing === "possible"
    if (isAmbiguous && ambiguous++ >= ambiguousLimit[options.ambiguous]) return undefined
    const floor = error.retryAfter === undefined ? 0 : Duration.toMillis(error.retryAfter)
    if (floor > maxDelay) return undefined
    const planned = yield* nextDelay(step, now, error)
    if (planned === undefined) return undefined
    const delay = Math.max(planned, floor)
    if (now + delay >= end) return undefined
    const price = yield* budget.withdraw(isAmbiguous)
    if (price === undefined) return undefined
    withdrawn += price
    return delay
  })

  let error = failure
  let startedAt = began
  for (;;) {
    const now = clock.currentTimeMillisUnsafe()
    const delay = yield* decide(error, now)
    attempts.push(factsOf(error, startedAt, now, delay ?? 0))
    if (delay === undefined) return yield* Effect.fail(attempts.length === 1 ? error : withDetails(error, { attempts }))
    yield* Effect.sleep(Duration.millis(delay))
    startedAt = clock.currentTimeMillisUnsafe()
    const result = yield* Effect.result(attempt)
    if (Result.isSuccess(result)) {
      yield* budget.deposit(withdrawn)
      return result.success
    }
    error = result.failure
  }
})

/**
 * Retries an attempt within its own bounds and those of the client's budget.
 *
 * @category stages
 * @since 0.1.0
 */
export const withRetry =
  (options: Options, budget: RetryBudget["Service"]) =>
  <A, E extends KimiError, R>(attempt: Effect.Effect<A, E, R>): Effect.Effect<A, E | DeadlineExceededError, R> =>
    Effect.flatMap(Clock.Clock, (clock) => {
      const startedAt = clock.currentTimeMillisUnsafe()
      const end = startedAt + Duration.toMillis(options.maxElapsed)
      const run: RetryContext<A, E, R> = { options, budget, attempt, clock, deadline: end, attempts: [] }
      return Effect.matchEffect(hasBoundedAttempts(options) ? attempt : withElapsedLimit(run, attempt), {
        onSuccess: (answer) => Effect.as(budget.deposit(undefined), answer),
        onFailure: (error) => withElapsedLimit(run, retryAfterFailure(run, error, startedAt))
      })
    })

/** Whether an attempt ends before the time for all of them does, so that it needs no timer here. */
const hasBoundedAttempts = ({ attemptTimeout, maxElapsed }: Options): boolean =>
  attemptTimeout !== undefined && Duration.isLessThanOrEqualTo(attemptTimeout, maxElapsed)

const backoff = ({ baseDelay, jitter, maxDelay }: Options): Schedule.Schedule<unknown, KimiError> =>
  Backoff.schedule({ baseDelay: baseDelay, maxDelay: maxDelay, jitter })

/**
 * Retries a stream's attempt up to its first content. What fails after it is
 * the consumer's to see.
 *
 * @category stages
 * @since 0.1.0
 */
export const withStreamRetry =
  (options: Options, budget: RetryBudget["Service"]) =>
  <E extends KimiError>(
    attempt: Stream.Stream<StreamEvent, E>
  ): Stream.Stream<StreamEvent, E | DeadlineExceededError> =>
    transformOpening<E, E | DeadlineExceededError>((open) => withRetry(options, budget)(open))(attempt)
