/**
 * Retries a call while its error allows it.
 *
 * Only the facts of an error decide: whether it is retryable, the wait that the
 * host requested, and whether the attempt may have been billed.
 *
 * **Details**
 *
 * - The wait that the host requests is the minimum of the schedule: an attempt is
 *   never made earlier, and waits still grow, because hosts request too short
 *   waits.
 * - If the host requests a wait longer than `maxDelay`, or any wait is longer than
 *   what is left of `maxElapsed` and of the deadline of the call, the call fails
 *   at once with the error that it would have waited for, and its attempts. The
 *   `retryAfter` of that error is the wait that the host requested, or the
 *   planned one if it requested none.
 * - `maxDelay` limits the exponential waits; those of a given schedule are limited
 *   by `maxElapsed` only.
 * - An attempt that was sent without receiving a response may be billed, so it
 *   is repeated twice at most by default, and each repeat has its own
 *   reservation in a budget.
 * - A stream is retried only before its first content.
 * - The final error is the last one, with the facts of every attempt in
 *   `attempts`.
 *
 * **Gotchas**
 *
 * - This stage belongs outside the breaker, so that the breaker records every
 *   attempt and an open circuit ends the loop at once.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type * as Stream from "effect/Stream"
import type { FailedAttempt } from "../errors/FailedAttempt.ts"
import type { KimiError } from "../errors/KimiError.ts"
import { DeadlineExceededError } from "../errors/TimeoutErrors.ts"
import * as MonotonicClock from "../internal/MonotonicClock.ts"
import * as TimeBound from "../internal/TimeBound.ts"
import type * as KimiConfig from "../KimiConfig.ts"
import type { StreamEvent } from "../models/StreamEvent.ts"
import * as CallDeadline from "../pipeline/internal/CallDeadline.ts"
import { transformOpening } from "../pipeline/internal/StreamOpening.ts"
import { type CallLimits, timeForPart } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import * as ErrorClassifier from "./internal/ErrorClassifier.ts"
import type { Options, Values } from "./internal/RetryLoop.ts"
import * as RetryLoop from "./internal/RetryLoop.ts"
import type { RetryBudget } from "./RetryBudget.ts"

export type { Options, Values } from "./internal/RetryLoop.ts"

/**
 * The options of a configuration; their defaults are in `KimiConfig`.
 *
 * @category options
 * @since 0.1.0
 */
export const fromConfig = (config: KimiConfig.Values): Values => ({
  maxAttempts: config.maxAttempts,
  baseDelay: config.retryBaseDelay,
  maxDelay: config.retryMaxDelay,
  jitter: config.retryJitter,
  maxElapsed: config.retryMaxElapsed,
  ambiguous: config.retryAmbiguous,
  attemptTimeout: Duration.sum(config.totalTimeout, config.admissionMaxWait)
})

/**
 * A schedule for every call of a client, in place of the exponential one. Its
 * input is the error, and the retries end when it is done; the host's waits
 * remain its minimum.
 *
 * @category services
 * @since 0.1.0
 */
export class RetrySchedule extends Context.Service<RetrySchedule, Schedule.Schedule<unknown, KimiError>>()(
  "@kimi-effect/core/resilience/Retry/RetrySchedule"
) {}

const exceeded = (maxElapsed: Duration.Duration, attempts: ReadonlyArray<FailedAttempt>): DeadlineExceededError =>
  new DeadlineExceededError({
    message: `All attempts together took longer than ${Duration.format(maxElapsed)}`,
    timeout: maxElapsed,
    ...(attempts.length === 0 ? {} : { attempts })
  })

const withElapsedLimit = <A, E, R, B, E2, R2>(
  { attempts, clock, deadline, options }: RetryLoop.RetryContext<A, E, R>,
  effect: Effect.Effect<B, E2, R2>
): Effect.Effect<B, E2 | DeadlineExceededError, R2> =>
  TimeBound.within(effect, Math.max(0, deadline - MonotonicClock.millisUnsafe(clock)), () =>
    Effect.fail(exceeded(options.maxElapsed, attempts))
  )

/** Whether an attempt ends before the time for all of them does, so that it needs no timer here. */
const hasBoundedAttempts = ({ attemptTimeout, maxElapsed }: Values<never>): boolean =>
  attemptTimeout !== undefined && Duration.isLessThanOrEqualTo(attemptTimeout, maxElapsed)

const retryWith =
  <E0>(options: Values<E0>, budget: RetryBudget["Service"], classifier: ErrorClassifier.ErrorClassifier<E0>) =>
  <A, E extends E0, R>(attempt: Effect.Effect<A, E, R>): Effect.Effect<A, E | DeadlineExceededError, R> =>
    Effect.flatMap(Clock.Clock, (clock) => {
      const startedAt = MonotonicClock.millisUnsafe(clock)
      const deadline = startedAt + Duration.toMillis(options.maxElapsed)
      const run: RetryLoop.RetryContext<A, E, R> = {
        options,
        budget,
        classifier,
        attempt,
        clock,
        deadline,
        attempts: []
      }
      const isBounded = hasBoundedAttempts(options)
      // The first attempt of a bounded run ends before the time for all of them does, so that it needs no deadline.
      const first = isBounded ? attempt : CallDeadline.within(Duration.toMillis(options.maxElapsed))(attempt)
      const all = Effect.matchEffect(first, {
        onSuccess: (response) => Effect.as(budget.deposit(undefined), response),
        onFailure: (error): Effect.Effect<A, E | DeadlineExceededError, R> => {
          const retries = RetryLoop.retryAfterFailure(run, error, startedAt)
          return isBounded ? withElapsedLimit(run, retries) : retries
        }
      })
      return isBounded ? all : withElapsedLimit(run, all)
    })

/**
 * Retries an attempt within its own bounds and those of the budget. Errors of
 * other libraries are retryable unless the classifier decides otherwise.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withRetry = <E0 = unknown>(
  options: Options<E0>,
  budget: RetryBudget["Service"],
  classifier: ErrorClassifier.ErrorClassifier<E0> = ErrorClassifier.ofAllErrors
): (<A, E extends E0, R>(attempt: Effect.Effect<A, E, R>) => Effect.Effect<A, E | DeadlineExceededError, R>) =>
  retryWith(RetryLoop.toValues(options), budget, classifier)

const retryStreamWith =
  (options: Values, budget: RetryBudget["Service"]) =>
  <E extends KimiError>(
    attempt: Stream.Stream<StreamEvent, E>
  ): Stream.Stream<StreamEvent, E | DeadlineExceededError> =>
    transformOpening<E, E | DeadlineExceededError>(retryWith(options, budget, ErrorClassifier.ofKimiErrors))(attempt)

/**
 * Retries a stream's attempt up to its first content. Later failures reach the
 * consumer.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withStreamRetry = (
  options: Options,
  budget: RetryBudget["Service"]
): (<E extends KimiError>(
  attempt: Stream.Stream<StreamEvent, E>
) => Stream.Stream<StreamEvent, E | DeadlineExceededError>) => retryStreamWith(RetryLoop.toValues(options), budget)

/** The options of a call with its own bounds: one attempt may then take longer than is known here. */
const limitedBy = (options: Values, { maxAttempts, timeout }: CallLimits): Values => ({
  ...options,
  maxAttempts: maxAttempts ?? options.maxAttempts,
  ...(timeout === undefined ? {} : { maxElapsed: timeForPart(options.maxElapsed, timeout), attemptTimeout: undefined })
})

/**
 * The stage of the pipeline.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (given: Options, budget: RetryBudget["Service"]): Stage.Stage => {
  const options = RetryLoop.toValues(given)
  const effect = retryWith(options, budget, ErrorClassifier.ofKimiErrors)
  const stream = retryStreamWith(options, budget)
  return Stage.make("retry", {
    effect: (inner) => (call) => {
      const { limits } = call
      const retry =
        limits === undefined ? effect : retryWith(limitedBy(options, limits), budget, ErrorClassifier.ofKimiErrors)
      return retry(inner(call))
    },
    stream: (inner) => (call) => {
      const { limits } = call
      return (limits === undefined ? stream : retryStreamWith(limitedBy(options, limits), budget))(inner(call))
    },
    options: {
      attempts: String(options.maxAttempts),
      delays: `${Duration.format(options.baseDelay)} to ${Duration.format(options.maxDelay)}`,
      jitter: options.jitter,
      ambiguous: String(options.ambiguous),
      elapsed: Duration.format(options.maxElapsed),
      ...(options.schedule === undefined ? {} : { schedule: "custom" }),
      budget: budget.options
    }
  })
}
