/**
 * The resilience of the client for any effect: retry, circuit breaker, rate
 * limit, timeout and deadline. The stages of the client use the same code.
 *
 * **Example** (A call of another service)
 *
 * ```ts
 * const forecast = (city: string) =>
 *   fetchForecast(city).pipe(
 *     Resilience.resilient({
 *       key: "forecast",
 *       deadline: "30 seconds",
 *       timeout: "5 seconds",
 *       isRetryable: (error: ForecastError) => error.status >= 500
 *     })
 *   )
 *
 * forecast("Berlin").pipe(
 *   Effect.provide([CircuitBreaker.layer(), Admission.layer({ limits: { requestsPerMinute: 60 } })])
 * )
 * ```
 *
 * **Details**
 *
 * - `resilient` has the order of the client: deadline, retry, circuit breaker,
 *   rate limit, timeout, from the outside in. `Pipeline` gives the reasons.
 * - Defaults are those of the client.
 * - The library's errors count by their facts, and all others are failures that
 *   may be retried, unless predicates classify them otherwise.
 * - Rejections are the library's errors: `CircuitOpenError`,
 *   `AdmissionTimeoutError`, `TotalTimeoutError` and so on.
 * - Invalid options fail the effect with a `ConfigurationError` before it runs.
 *
 * **Gotchas**
 *
 * - A timeout may interrupt an attempt after it has had its effect, so it is
 *   ambiguous, and the option `ambiguous` bounds its retries: twice by default.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import type { AdmissionError } from "../errors/OperationErrors.ts"
import type { CircuitOpenError } from "../errors/ResilienceErrors.ts"
import type { DeadlineExceededError, TotalTimeoutError } from "../errors/TimeoutErrors.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import * as KimiConfig from "../KimiConfig.ts"
import { Admission } from "./Admission.ts"
import type * as Backoff from "./Backoff.ts"
import { CircuitBreaker } from "./CircuitBreaker.ts"
import * as Deadline from "./Deadline.ts"
import * as ErrorPredicates from "./internal/ErrorPredicates.ts"
import * as Retry from "./Retry.ts"
import * as RetryBudget from "./RetryBudget.ts"
import * as Timeout from "./Timeout.ts"

export type { ErrorPredicates } from "./internal/ErrorPredicates.ts"

type Predicates<E> = ErrorPredicates.ErrorPredicates<E>

/** Fails an effect before it runs when a rule is broken. The rules are checked once, and not for every run. */
const checked = (owner: string, rules: ReadonlyArray<OptionRules.Rule>) => {
  const issues = OptionRules.issuesOf(owner, rules)
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | ConfigurationError, R> =>
    issues.length === 0 ? effect : Effect.fail(ConfigurationError.of(issues))
}

/**
 * Bounds the number and the duration of retries.
 *
 * @category options
 * @since 0.1.0
 */
export interface RetryBounds<in E = unknown> {
  /** Total number of attempts, including the first. Defaults to 10. */
  readonly maxAttempts?: number | undefined
  /** The first wait. Defaults to 500 milliseconds. */
  readonly baseDelay?: Duration.Input | undefined
  /** The longest wait, exponential or as requested by the called service. The waits of `schedule` are not cut. Defaults to 30 seconds. */
  readonly maxDelay?: Duration.Input | undefined
  /** How waits are randomized. Defaults to `full`. */
  readonly jitter?: Backoff.Jitter | undefined
  /** Longest time for all attempts and waits together. Defaults to 20 minutes. */
  readonly maxElapsed?: Duration.Input | undefined
  /** How often ambiguous attempts are repeated; 0 for never. Defaults to 2. */
  readonly ambiguous?: number | undefined
  /** Waits in place of the exponential ones. Its input is the error, and the retries end when it is done. */
  readonly schedule?: Schedule.Schedule<unknown, E> | undefined
  /** Bounds the retries of many effects together. Defaults to the `RetryBudget` of the context, or to none. */
  readonly budget?: RetryBudget.RetryBudget["Service"] | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export interface RetryOptions<in E = unknown>
  extends RetryBounds<E>, Pick<Predicates<E>, "isRetryable" | "isAmbiguous" | "retryAfter"> {}

const retryRules = (options: RetryBounds<never>): ReadonlyArray<OptionRules.Rule> => [
  OptionRules.positiveInteger("maxAttempts", options.maxAttempts),
  OptionRules.finiteDuration("baseDelay", options.baseDelay),
  OptionRules.finiteDuration("maxDelay", options.maxDelay),
  OptionRules.positiveDuration("maxElapsed", options.maxElapsed),
  OptionRules.oneOf("jitter", options.jitter, ["full", "equal", "decorrelated", "none"]),
  OptionRules.countOrZero("ambiguous", options.ambiguous)
]

const retryWith = <E0>(
  options: RetryBounds<E0>,
  predicates: Predicates<E0>
): (<A, E extends E0, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | DeadlineExceededError, R>) => {
  const resolved: Retry.Options<E0> = {
    maxAttempts: options.maxAttempts ?? KimiConfig.defaults.maxAttempts,
    baseDelay: OptionRules.durationOf(options.baseDelay ?? KimiConfig.defaults.retryBaseDelay),
    maxDelay: OptionRules.durationOf(options.maxDelay ?? KimiConfig.defaults.retryMaxDelay),
    jitter: options.jitter ?? KimiConfig.defaults.retryJitter,
    maxElapsed: OptionRules.durationOf(options.maxElapsed ?? KimiConfig.defaults.retryMaxElapsed),
    ambiguous: options.ambiguous ?? KimiConfig.defaults.retryAmbiguous,
    schedule: options.schedule
  }
  const classifier = ErrorPredicates.toClassifier(predicates)
  const budget =
    options.budget === undefined
      ? Effect.map(
          Effect.serviceOption(RetryBudget.RetryBudget),
          Option.getOrElse(() => RetryBudget.unlimited)
        )
      : Effect.succeed(options.budget)
  return (effect) => Effect.flatMap(budget, (tokens) => Retry.withRetry(resolved, tokens, classifier)(effect))
}

/**
 * Retries an effect while its error allows it. Fails with the error of the last
 * attempt; an error of the library contains the facts of every attempt.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withRetry = <E0 = unknown>(
  options: RetryOptions<E0> = {}
): (<A, E extends E0, R>(
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, E | DeadlineExceededError | ConfigurationError, R>) => {
  const check = checked("withRetry", retryRules(options))
  const retry = retryWith(options, options)
  return (effect) => check(retry(effect))
}

/**
 * @category options
 * @since 0.1.0
 */
export interface CircuitBreakerOptions<in E = unknown> extends Pick<Predicates<E>, "isFailure" | "retryAfter"> {
  /** The circuit. Effects with the same key share it. */
  readonly key: string
  /** The circuits, such as those of `CircuitBreaker.make`. Defaults to the `CircuitBreaker` of the context. */
  readonly circuitBreaker?: CircuitBreaker["Service"] | undefined
}

/** Uses the given service, or that of the context. */
const using =
  <I, S>(given: S | undefined, key: Effect.Effect<S, never, I>) =>
  <A, E, R>(use: (service: S) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R | I> =>
    given === undefined ? Effect.flatMap(key, use) : use(given)

/**
 * Runs an effect if its circuit is closed, and records how it ended.
 *
 * @category combinators
 * @since 0.1.0
 */
export function withCircuitBreaker<E0 = unknown>(
  options: CircuitBreakerOptions<E0> & { readonly circuitBreaker: CircuitBreaker["Service"] }
): <A, E extends E0, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | CircuitOpenError, R>
export function withCircuitBreaker<E0 = unknown>(
  options: CircuitBreakerOptions<E0>
): <A, E extends E0, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | CircuitOpenError, R | CircuitBreaker>
export function withCircuitBreaker<E0 = unknown>(
  options: CircuitBreakerOptions<E0>
): <A, E extends E0, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | CircuitOpenError, R | CircuitBreaker> {
  const classifier = ErrorPredicates.toClassifier(options)
  const use = using(options.circuitBreaker, CircuitBreaker)
  return (effect) => use(({ guard }) => guard(options.key, classifier)(effect))
}

/**
 * @category options
 * @since 0.1.0
 */
export interface RateLimitOptions<in E = unknown> extends Pick<Predicates<E>, "isRateLimited" | "retryAfter"> {
  /** The account whose limits apply. Effects with the same key share them. */
  readonly key: string
  /** The tokens that the effect uses, if tokens are limited. Defaults to 0. */
  readonly tokens?: number | undefined
  /** The limits, such as those of `Admission.make`. Defaults to the `Admission` of the context. */
  readonly admission?: Admission["Service"] | undefined
  /** Rejects effects that wait when their circuit, which has the same key, opens in the meantime. */
  readonly circuitBreaker?: CircuitBreaker["Service"] | undefined
}

const tokensRule = (tokens = 0): OptionRules.Rule => [
  "tokens",
  tokens >= 0 && Number.isFinite(tokens),
  "a finite number that is not negative"
]

const limitWith = <E0>(
  { admission, circuitBreaker, key, tokens = 0 }: Omit<RateLimitOptions<E0>, keyof Predicates<E0>>,
  predicates: Predicates<E0>
): (<A, E extends E0, R>(
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, E | AdmissionError | CircuitOpenError, R | Admission>) => {
  const rateLimitOf = ErrorPredicates.toRateLimitClassifier(predicates)
  const request = {
    account: key,
    tokens: () => tokens,
    ...(circuitBreaker === undefined ? {} : { watch: () => circuitBreaker.watch(key) })
  }
  const use = using(admission, Admission)
  return (effect) => use(({ guard }) => guard(request, rateLimitOf)(effect))
}

/**
 * Runs an effect when the limits of its account allow it; until then it waits.
 *
 * @category combinators
 * @since 0.1.0
 */
export function withRateLimit<E0 = unknown>(
  options: RateLimitOptions<E0> & { readonly admission: Admission["Service"] }
): <A, E extends E0, R>(
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, E | AdmissionError | CircuitOpenError | ConfigurationError, R>
export function withRateLimit<E0 = unknown>(
  options: RateLimitOptions<E0>
): <A, E extends E0, R>(
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, E | AdmissionError | CircuitOpenError | ConfigurationError, R | Admission>
export function withRateLimit<E0 = unknown>(
  options: RateLimitOptions<E0>
): <A, E extends E0, R>(
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, E | AdmissionError | CircuitOpenError | ConfigurationError, R | Admission> {
  const check = checked("withRateLimit", [tokensRule(options.tokens)])
  const limit = limitWith(options, options)
  return (effect) => check(limit(effect))
}

/**
 * Bounds an effect in time. The effect is interrupted at the timeout.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withTimeout = (
  timeout: Duration.Input
): (<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | TotalTimeoutError | ConfigurationError, R>) => {
  const check = checked("withTimeout", [OptionRules.positiveDuration("timeout", timeout)])
  const bounded = Timeout.withTimeout({ totalTimeout: OptionRules.durationOf(timeout) })
  return (effect) => check(bounded(effect))
}

/**
 * Bounds an effect with all of its attempts and waits in time.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withDeadline = (
  deadline: Duration.Input
): (<A, E, R>(
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, E | DeadlineExceededError | ConfigurationError, R>) => {
  const check = checked("withDeadline", [OptionRules.positiveDuration("deadline", deadline)])
  const bounded = Deadline.withDeadline(OptionRules.durationOf(deadline))
  return (effect) => check(bounded(effect))
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options<in E = unknown> extends Predicates<E> {
  /** The circuit and the account. Effects with the same key share them. */
  readonly key: string
  /** Longest time for all attempts and waits together. None by default. */
  readonly deadline?: Duration.Input | undefined
  /** Longest single attempt. Defaults to 15 minutes. */
  readonly timeout?: Duration.Input | undefined
  /** Bounds the number and the duration of retries. */
  readonly retry?: RetryBounds<E | ErrorPredicates.OwnError> | undefined
  /** The tokens that the effect uses, if tokens are limited. Defaults to 0. */
  readonly tokens?: number | undefined
  /** The circuits. Defaults to the `CircuitBreaker` of the context. */
  readonly circuitBreaker?: CircuitBreaker["Service"] | undefined
  /** The limits. Defaults to the `Admission` of the context. */
  readonly admission?: Admission["Service"] | undefined
}

/**
 * The errors of the combinators themselves.
 *
 * @category models
 * @since 0.1.0
 */
export type ResilienceError =
  | DeadlineExceededError
  | CircuitOpenError
  | AdmissionError
  | TotalTimeoutError
  | ConfigurationError

/**
 * Deadline, retry, circuit breaker, rate limit and timeout around an effect, in
 * this order from the outside in.
 *
 * @category combinators
 * @since 0.1.0
 */
export function resilient<E0 = unknown>(
  options: Options<E0> & {
    readonly circuitBreaker: CircuitBreaker["Service"]
    readonly admission: Admission["Service"]
  }
): <A, E extends E0, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | ResilienceError, R>
export function resilient<E0 = unknown>(
  options: Options<E0>
): <A, E extends E0, R>(
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, E | ResilienceError, R | CircuitBreaker | Admission>
export function resilient<E0 = unknown>(
  options: Options<E0>
): <A, E extends E0, R>(
  effect: Effect.Effect<A, E, R>
) => Effect.Effect<A, E | ResilienceError, R | CircuitBreaker | Admission> {
  const { admission, deadline, key, retry = {}, timeout = KimiConfig.defaults.totalTimeout, tokens } = options
  const check = checked("resilient", [
    ...retryRules(retry),
    tokensRule(tokens),
    OptionRules.positiveDuration("timeout", timeout),
    OptionRules.positiveDuration("deadline", deadline)
  ])
  const predicates = ErrorPredicates.withOwnErrors<E0>(options)
  const withRetries = retryWith(retry, predicates)
  const withinTimeout = Timeout.withTimeout({ totalTimeout: OptionRules.durationOf(timeout) })
  const withinDeadline = Deadline.withDeadline(deadline === undefined ? undefined : OptionRules.durationOf(deadline))
  const useCircuits = using(options.circuitBreaker, CircuitBreaker)
  return (effect) =>
    check(
      withinDeadline(
        useCircuits((circuitBreaker) => {
          const limited = limitWith({ key, tokens, admission, circuitBreaker }, predicates)(withinTimeout(effect))
          return withRetries(withCircuitBreaker({ ...predicates, key, circuitBreaker })(limited))
        })
      )
    )
}
