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
 * - If the requested wait is longer than `maxDelay`, the call fails at once, with
 *   the wait in the error.
 * - An attempt that was sent without receiving a response may be billed, so by
 *   default it is repeated once.
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
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Stream from "effect/Stream"
import { withDetails } from "../errors/internal/ErrorDetails.ts"
import type { FailedAttempt } from "../errors/FailedAttempt.ts"
import { isKimiError, type KimiError } from "../errors/KimiError.ts"
import { DeadlineExceededError } from "../errors/TimeoutErrors.ts"
import * as MonotonicClock from "../internal/MonotonicClock.ts"
import type * as KimiConfig from "../KimiConfig.ts"
import type { StreamEvent } from "../models/StreamEvent.ts"
import { toFailedAttempt } from "../pipeline/internal/AttemptFacts.ts"
import { transformOpening } from "../pipeline/internal/StreamOpening.ts"
import { type CallLimits, timeForPart } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import * as Backoff from "./Backoff.ts"
import * as ErrorClassifier from "./internal/ErrorClassifier.ts"
import { refusalDelay } from "./internal/RefusalDelay.ts"
import type { RetryBudget } from "./RetryBudget.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options<in E = KimiError> {
  /** Total number of attempts, including the first. */
  readonly maxAttempts: number
  /** The first wait. */
  readonly baseDelay: Duration.Duration
  /** The longest wait, of the schedule or as requested by the host. */
  readonly maxDelay: Duration.Duration
  /** How waits are randomised. */
  readonly jitter: Backoff.Jitter
  /** Longest time for all attempts and waits together. */
  readonly maxElapsed: Duration.Duration
  /** How often an attempt that was sent without receiving a response is repeated. */
  readonly ambiguous: "never" | "once" | "always"
  /** The longest attempt, when a stage inside bounds it: it saves a timer for every call that needs no retry. */
  readonly attemptTimeout?: Duration.Duration | undefined
  /** Waits in place of the exponential ones. Its input is the error, and the retries end when it is done. */
  readonly schedule?: Schedule.Schedule<unknown, E> | undefined
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

const ambiguousLimit = { never: 0, once: 1, always: Number.POSITIVE_INFINITY } as const

/** The tag of any error, for the record of its attempt. */
const tagOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return "Error"
  if ("_tag" in error && typeof error._tag === "string") return error._tag
  return error instanceof Error ? error.name : "Error"
}

const toAttempt = (
  clock: Clock.Clock,
  error: unknown,
  isPossiblyBilled: boolean,
  startedAt: number,
  endedAt: number,
  delay: number
): FailedAttempt => {
  const { model, provider, requestId } = isKimiError(error) ? error : {}
  const tag = tagOf(error)
  return toFailedAttempt({ clock, tag, provider, model, requestId, startedAt, endedAt, delay, isPossiblyBilled })
}

type ScheduleStep<E> = (now: number, error: E) => Pull.Pull<readonly [unknown, Duration.Duration], unknown, unknown>

/** The schedule's wait in milliseconds; `undefined` when it is done. A schedule that fails is done too. */
const nextDelay = <E>(step: ScheduleStep<E>, now: number, error: E): Effect.Effect<number | undefined> =>
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

/** The state of the retries of one call. */
interface RetryContext<A, E, R> {
  readonly options: Options<E>
  readonly budget: RetryBudget["Service"]
  readonly classifier: ErrorClassifier.ErrorClassifier<E>
  readonly attempt: Effect.Effect<A, E, R>
  readonly clock: Clock.Clock
  /** The `MonotonicClock` time at which all attempts must be over. */
  readonly deadline: number
  readonly attempts: Array<FailedAttempt>
}

const withElapsedLimit = <A, E, R, B, E2, R2>(
  { attempts, clock, deadline, options }: RetryContext<A, E, R>,
  effect: Effect.Effect<B, E2, R2>
): Effect.Effect<B, E2 | DeadlineExceededError, R2> =>
  Effect.timeoutOrElse(effect, {
    duration: Math.max(0, deadline - MonotonicClock.millisUnsafe(clock)),
    orElse: () => Effect.fail(exceeded(options.maxElapsed, attempts))
  })

/** The error of the last attempt, with the facts of all attempts if it has a member for them. */
const withAttempts = <E>(error: E, attempts: ReadonlyArray<FailedAttempt>): E =>
  attempts.length > 1 && isKimiError(error) ? withDetails(error, { attempts }) : error

/** Waits and tries again after a failure, as often as is allowed. */
const retryAfterFailure = Effect.fnUntraced(function* <A, E, R>(
  { attempt, attempts, budget, classifier, clock, deadline, options }: RetryContext<A, E, R>,
  failure: E,
  began: number
): Effect.fn.Return<A, E, R> {
  const step: ScheduleStep<E> = yield* Schedule.toStep(options.schedule ?? backoff(options))
  const maxDelay = Duration.toMillis(options.maxDelay)
  let ambiguous = 0
  let withdrawn = 0

  /** The planned delay, after the least one that helps against this refusal where both fit. */
  const suitedDelay = (error: E, planned: number, now: number): number => {
    const least = options.schedule === undefined && isKimiError(error) ? refusalDelay(error) : 0
    const delay = Math.min(maxDelay, least + planned)
    return least === 0 || now + delay >= deadline ? planned : delay
  }

  /** How long to wait before the next attempt; `undefined` when there is none. */
  const decide = Effect.fnUntraced(function* (error: E, isAmbiguous: boolean, now: number) {
    if (!classifier.isRetryable(error) || attempts.length + 1 >= options.maxAttempts) return undefined
    if (isAmbiguous && ambiguous++ >= ambiguousLimit[options.ambiguous]) return undefined
    const retryAfter = classifier.retryAfter(error)
    const floor = retryAfter === undefined ? 0 : Duration.toMillis(retryAfter)
    if (floor > maxDelay) return undefined
    const planned = yield* nextDelay(step, now, error)
    if (planned === undefined) return undefined
    const delay = Math.max(floor, suitedDelay(error, planned, now))
    if (now + delay >= deadline) return undefined
    const price = yield* budget.withdraw(isAmbiguous)
    if (price === undefined) return undefined
    withdrawn += price
    return delay
  })

  let error = failure
  let startedAt = began
  for (;;) {
    const now = MonotonicClock.millisUnsafe(clock)
    const isAmbiguous = classifier.isAmbiguous(error)
    const delay = yield* decide(error, isAmbiguous, now)
    attempts.push(toAttempt(clock, error, isAmbiguous, startedAt, now, delay ?? 0))
    if (delay === undefined) return yield* Effect.fail(withAttempts(error, attempts))
    yield* Effect.sleep(Duration.millis(delay))
    startedAt = MonotonicClock.millisUnsafe(clock)
    const result = yield* Effect.result(attempt)
    if (Result.isSuccess(result)) {
      yield* budget.deposit(withdrawn)
      return result.success
    }
    error = result.failure
  }
})

const backoff = ({ baseDelay, jitter, maxDelay }: Options<never>): Schedule.Schedule<unknown> =>
  Backoff.schedule({ baseDelay, maxDelay, jitter })

/** Whether an attempt ends before the time for all of them does, so that it needs no timer here. */
const hasBoundedAttempts = ({ attemptTimeout, maxElapsed }: Options<never>): boolean =>
  attemptTimeout !== undefined && Duration.isLessThanOrEqualTo(attemptTimeout, maxElapsed)

/**
 * Retries an attempt within its own bounds and those of the budget. Errors of
 * other libraries are retryable unless the classifier decides otherwise.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withRetry =
  <E0 = unknown>(
    options: Options<E0>,
    budget: RetryBudget["Service"],
    classifier: ErrorClassifier.ErrorClassifier<E0> = ErrorClassifier.ofAllErrors
  ) =>
  <A, E extends E0, R>(attempt: Effect.Effect<A, E, R>): Effect.Effect<A, E | DeadlineExceededError, R> =>
    Effect.flatMap(Clock.Clock, (clock) => {
      const startedAt = MonotonicClock.millisUnsafe(clock)
      const deadline = startedAt + Duration.toMillis(options.maxElapsed)
      const run: RetryContext<A, E, R> = { options, budget, classifier, attempt, clock, deadline, attempts: [] }
      const isBounded = hasBoundedAttempts(options)
      const all = Effect.matchEffect(attempt, {
        onSuccess: (response) => Effect.as(budget.deposit(undefined), response),
        onFailure: (error): Effect.Effect<A, E | DeadlineExceededError, R> => {
          const retries = retryAfterFailure(run, error, startedAt)
          return isBounded ? withElapsedLimit(run, retries) : retries
        }
      })
      return isBounded ? all : withElapsedLimit(run, all)
    })

/**
 * Retries a stream's attempt up to its first content. Later failures reach the
 * consumer.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withStreamRetry =
  (options: Options, budget: RetryBudget["Service"]) =>
  <E extends KimiError>(
    attempt: Stream.Stream<StreamEvent, E>
  ): Stream.Stream<StreamEvent, E | DeadlineExceededError> =>
    transformOpening<E, E | DeadlineExceededError>(withRetry(options, budget, ErrorClassifier.ofKimiErrors))(attempt)

/** The options of a call with its own bounds: one attempt may then take longer than is known here. */
const limitedBy = (options: Options, { maxAttempts, timeout }: CallLimits): Options => ({
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
export const stage = (options: Options, budget: RetryBudget["Service"]): Stage.Stage => {
  const effect = withRetry(options, budget, ErrorClassifier.ofKimiErrors)
  const stream = withStreamRetry(options, budget)
  return Stage.make("retry", {
    effect: (inner) => (call) => {
      const { limits } = call
      const retry =
        limits === undefined ? effect : withRetry(limitedBy(options, limits), budget, ErrorClassifier.ofKimiErrors)
      return retry(inner(call))
    },
    stream: (inner) => (call) => {
      const { limits } = call
      return (limits === undefined ? stream : withStreamRetry(limitedBy(options, limits), budget))(inner(call))
    },
    options: {
      attempts: String(options.maxAttempts),
      delays: `${Duration.format(options.baseDelay)} to ${Duration.format(options.maxDelay)}`,
      jitter: options.jitter,
      ambiguous: options.ambiguous,
      elapsed: Duration.format(options.maxElapsed),
      ...(options.schedule === undefined ? {} : { schedule: "custom" }),
      budget: budget.options
    }
  })
}
