/**
 * The attempts of one call after its first has failed.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { withDetails } from "../../errors/internal/ErrorDetails.ts"
import type { FailedAttempt } from "../../errors/FailedAttempt.ts"
import { isKimiError } from "../../errors/internal/ErrorBrand.ts"
import type { KimiError } from "../../errors/KimiError.ts"
import * as MonotonicClock from "../../internal/MonotonicClock.ts"
import { toFailedAttempt } from "../../pipeline/internal/AttemptFacts.ts"
import * as CallDeadline from "../../pipeline/internal/CallDeadline.ts"
import * as Backoff from "../Backoff.ts"
import type { RetryBudget } from "../RetryBudget.ts"
import type * as ErrorClassifier from "./ErrorClassifier.ts"
import { refusalDelay } from "./RefusalDelay.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options<in E = KimiError> {
  /** Total number of attempts, including the first. */
  readonly maxAttempts: number
  /** The first wait. */
  readonly baseDelay: Duration.Input
  /** The longest wait, exponential or as requested by the host. The waits of `schedule` are not cut. */
  readonly maxDelay: Duration.Input
  /** How waits are randomized. */
  readonly jitter: Backoff.Jitter
  /** Longest time for all attempts and waits together. */
  readonly maxElapsed: Duration.Input
  /** How often attempts of a call that were sent without receiving a response are repeated; 0 for never. */
  readonly ambiguous: number
  /** The longest attempt, when a stage inside bounds it: it saves a timer for every call that needs no retry. */
  readonly attemptTimeout?: Duration.Input | undefined
  /** Waits in place of the exponential ones. Its input is the error, and the retries end when it is done. */
  readonly schedule?: Schedule.Schedule<unknown, E> | undefined
}

/**
 * The options with durations.
 *
 * @category models
 * @since 0.1.0
 */
export interface Values<in E = KimiError> extends Options<E> {
  readonly baseDelay: Duration.Duration
  readonly maxDelay: Duration.Duration
  readonly maxElapsed: Duration.Duration
  readonly attemptTimeout?: Duration.Duration | undefined
}

/**
 * @category conversions
 * @since 0.1.0
 */
export const toValues = <E>(options: Options<E>): Values<E> => ({
  ...options,
  baseDelay: Duration.fromInputUnsafe(options.baseDelay),
  maxDelay: Duration.fromInputUnsafe(options.maxDelay),
  maxElapsed: Duration.fromInputUnsafe(options.maxElapsed),
  attemptTimeout: options.attemptTimeout === undefined ? undefined : Duration.fromInputUnsafe(options.attemptTimeout)
})

/**
 * The retries of one call.
 *
 * @category models
 * @since 0.1.0
 */
export interface RetryContext<A, E, R> {
  readonly options: Values<E>
  readonly budget: RetryBudget["Service"]
  readonly classifier: ErrorClassifier.ErrorClassifier<E>
  readonly attempt: Effect.Effect<A, E, R>
  readonly clock: Clock.Clock
  /** The `MonotonicClock` time at which all attempts must be over. */
  readonly deadline: number
  readonly attempts: Array<FailedAttempt>
}

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

const backoff = ({ baseDelay, jitter, maxDelay }: Options<never>): Schedule.Schedule<unknown> =>
  Backoff.schedule({ baseDelay, maxDelay, jitter })

/**
 * What follows a failure: another attempt after a delay in milliseconds, or none,
 * and then perhaps because it would have had to wait for longer than is left.
 */
type Decision =
  | { readonly _tag: "Retry"; readonly delay: number }
  | { readonly _tag: "End" }
  | { readonly _tag: "TooLate"; readonly wait: number }

const end: Decision = { _tag: "End" }

/** The error of the last attempt, with the facts of all attempts if it has a member for them. */
const withAttempts = <E>(error: E, attempts: ReadonlyArray<FailedAttempt>): E =>
  attempts.length > 1 && isKimiError(error) ? withDetails(error, { attempts }) : error

/** The error of an attempt that would have to wait for too long: with the wait, and with its attempts even if it is the first. */
const withWait = <E>(error: E, attempts: ReadonlyArray<FailedAttempt>, wait: number): E =>
  isKimiError(error) ? withDetails(error, { attempts, retryAfter: Duration.millis(wait) }) : error

/** The state of the retries of one call. */
class Retries<A, E, R> {
  readonly #run: RetryContext<A, E, R>
  readonly #step: ScheduleStep<E>
  readonly #maxDelay: number
  /** When the bounds around the call end, or its own. */
  readonly #deadline: number
  #ambiguous = 0
  /** Tokens of the retry budget. */
  withdrawn = 0

  constructor(run: RetryContext<A, E, R>, step: ScheduleStep<E>, remaining: number) {
    this.#run = run
    this.#step = step
    this.#maxDelay = Duration.toMillis(run.options.maxDelay)
    this.#deadline = Math.min(run.deadline, MonotonicClock.millisUnsafe(run.clock) + remaining)
  }

  /** Decides what follows a failure. */
  decide(error: E, isAmbiguous: boolean, now: number): Effect.Effect<Decision> {
    const { attempts, classifier, options } = this.#run
    if (!classifier.isRetryable(error) || attempts.length + 1 >= options.maxAttempts) return Effect.succeed(end)
    if (isAmbiguous && this.#ambiguous++ >= options.ambiguous) return Effect.succeed(end)
    const retryAfter = classifier.retryAfter(error)
    const floor = retryAfter === undefined ? 0 : Duration.toMillis(retryAfter)
    if (floor > this.#maxDelay || now + floor >= this.#deadline) {
      return Effect.succeed({ _tag: "TooLate", wait: floor })
    }
    return Effect.flatMap(nextDelay(this.#step, now, error), (planned) => {
      if (planned === undefined) return Effect.succeed(end)
      const delay = Math.max(floor, this.#suitedDelay(error, planned, now))
      if (now + delay >= this.#deadline) return Effect.succeed<Decision>({ _tag: "TooLate", wait: delay })
      return Effect.map(this.#run.budget.withdraw(isAmbiguous), (price): Decision => {
        if (price === undefined) return end
        this.withdrawn += price
        return { _tag: "Retry", delay }
      })
    })
  }

  /** The planned delay, after the least one that helps against this refusal where both fit. */
  #suitedDelay(error: E, planned: number, now: number): number {
    const least = this.#run.options.schedule === undefined && isKimiError(error) ? refusalDelay(error) : 0
    const delay = Math.min(this.#maxDelay, least + planned)
    return least === 0 || now + delay >= this.#deadline ? planned : delay
  }
}

/**
 * Waits and tries again after a failure, as often as is allowed.
 *
 * @category combinators
 * @since 0.1.0
 */
export const retryAfterFailure = Effect.fnUntraced(function* <A, E, R>(
  run: RetryContext<A, E, R>,
  failure: E,
  began: number
): Effect.fn.Return<A, E, R> {
  const { attempt, attempts, budget, classifier, clock, deadline, options } = run
  const step: ScheduleStep<E> = yield* Schedule.toStep(options.schedule ?? backoff(options))
  const retries = new Retries(run, step, yield* CallDeadline.remainingMillis)
  let error = failure
  let startedAt = began
  for (;;) {
    const now = MonotonicClock.millisUnsafe(clock)
    const isAmbiguous = classifier.isAmbiguous(error)
    const decision = yield* retries.decide(error, isAmbiguous, now)
    attempts.push(toAttempt(clock, error, isAmbiguous, startedAt, now, decision._tag === "Retry" ? decision.delay : 0))
    if (decision._tag === "End") return yield* Effect.fail(withAttempts(error, attempts))
    if (decision._tag === "TooLate") return yield* Effect.fail(withWait(error, attempts, decision.wait))
    yield* Effect.sleep(Duration.millis(decision.delay))
    startedAt = MonotonicClock.millisUnsafe(clock)
    const result = yield* Effect.result(CallDeadline.within(deadline - startedAt)(attempt))
    if (Result.isSuccess(result)) {
      yield* budget.deposit(retries.withdrawn)
      return result.success
    }
    error = result.failure
  }
})
