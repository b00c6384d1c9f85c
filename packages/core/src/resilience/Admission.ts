/**
 * Admits attempts within the limits of their account and queues the others: one
 * decision for concurrency, requests and tokens per minute, and tokens per day.
 *
 * **Details**
 *
 * - Tokens are counted as Kimi counts them: the prompt of an attempt and its
 *   maximum output count when it begins, and are not refunded. A stream holds its
 *   permit until it ends.
 * - The queue is ordered by priority, and tenants take turns; both are options
 *   of the caller's fiber (`CallOptions`).
 * - Waits are bounded in time and the queue in length, each with its own error,
 *   which contains an estimate of the wait. A call that is interrupted while it
 *   waits is not counted.
 * - A refusal of the host lowers the pace and delays its own call. The account
 *   pauses only after refusals in a row, or when a refusal names a limit that our
 *   own count has reached. A limit that the host names in a text is an estimate,
 *   which later successes correct; successes also restore the pace.
 * - A call that cannot be admitted before the deadline around it fails at once
 *   with the error of what blocks it, such as `RateLimitError`, and with the wait
 *   that it would have needed.
 *
 * **Gotchas**
 *
 * - Retry belongs outside: the host counts attempts, not calls.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { loadModule } from "../internal/ModuleLoader.ts"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import type { AdmissionError } from "../errors/OperationErrors.ts"
import type { CircuitOpenError } from "../errors/ResilienceErrors.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import type * as KimiConfig from "../KimiConfig.ts"
import { accountModelKey, type Call } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import type { Redis } from "../Redis.ts"
import { admissionTokens } from "../TokenCount.ts"
import type { CircuitBreaker } from "./CircuitBreaker.ts"
import * as AdmissionGuard from "./internal/admission/AdmissionGuard.ts"
import type { RateLimitClassifier } from "./internal/admission/AdmissionGuard.ts"
import * as AdmissionOptions from "./internal/admission/AdmissionOptions.ts"
import type { Changes, Options, RedisOptions } from "./internal/admission/AdmissionOptions.ts"
import type { AccountState, Limiter, PermitRequest } from "./internal/admission/Limiter.ts"
import * as LocalLimiter from "./internal/admission/LocalLimiter.ts"

export {
  type Changes,
  limitsFromConfig,
  type Options,
  type RedisOptions,
  redisOptionsFromConfig
} from "./internal/admission/AdmissionOptions.ts"

type AcquireError = AdmissionError | CircuitOpenError
type Description = AdmissionOptions.Description

/**
 * The limits of accounts.
 *
 * @category services
 * @since 0.1.0
 */
export class Admission extends Context.Service<
  Admission,
  {
    /**
     * Makes an attempt when the account's limits allow it. An error for which
     * `rateLimitOf` returns a rate limit slows the account down; by default the
     * library's rate limit errors do.
     */
    readonly guard: <E0 = unknown>(
      request: PermitRequest,
      rateLimitOf?: RateLimitClassifier<E0>
    ) => <A, E extends E0, R>(attempt: Effect.Effect<A, E, R>) => Effect.Effect<A, E | AcquireError, R>
    /** A permit for uses that `guard` does not cover, such as a stream. It is held until it is released. */
    readonly acquire: Limiter["acquire"]
    /** The usage of every account, by its name. */
    readonly states: Effect.Effect<ReadonlyMap<string, AccountState>>
    /** The options as text. */
    readonly options: Description
    /**
     * Changes limits and queue limits in place. Usage stays counted and running
     * calls keep their permits: if they exceed a lower limit, no call is
     * admitted until it fits. Queued calls are reevaluated, and keep the longest
     * wait that applied when they were queued.
     */
    readonly change: (changes: Changes) => Effect.Effect<void, ConfigurationError>
  }
>()("@kimi-effect/core/resilience/Admission") {}

/**
 * The service on a limiter. `options` describe it as text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromLimiter = ({ change, acquire, states }: Limiter, options: Description = {}): Admission["Service"] => {
  return {
    options,
    change: (changes) => {
      const { limits, maxQueue, maxWait } = changes
      return Effect.flatMap(AdmissionOptions.check(AdmissionOptions.rulesOf(changes)), () =>
        change({
          limitsOf: limits === undefined || typeof limits === "function" ? limits : () => limits,
          maxQueue,
          maxWait: maxWait === undefined ? undefined : Duration.fromInputUnsafe(maxWait)
        })
      )
    },
    guard: AdmissionGuard.make(acquire),
    acquire,
    states
  }
}

/**
 * Limits in this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<Admission["Service"], ConfigurationError> =>
  Effect.flatMap(
    Effect.suspend(() => AdmissionOptions.check(AdmissionOptions.rulesOf(options))),
    () =>
      Effect.map(LocalLimiter.make(AdmissionOptions.limiterOptions(options)), (limiter) =>
        fromLimiter(limiter, AdmissionOptions.describeOptions(options))
      )
  )

/**
 * Limits in this process that follow a configuration.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reloadable extends Pick<LocalLimiter.LocalLimiter, "reset"> {
  /** The limits, described by the options of a configuration. */
  readonly admissionOf: (config: KimiConfig.Values) => Admission["Service"]
  /** Applies the options of another configuration. Accounts without one keep their limits. */
  readonly reload: (
    config: KimiConfig.Values,
    configOf: (account: string) => KimiConfig.Values | undefined
  ) => Effect.Effect<void>
}

/**
 * Limits in this process with the options of a configuration that may change.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeReloadable = (config: KimiConfig.Values): Effect.Effect<Reloadable> =>
  Effect.map(
    LocalLimiter.make({
      limitsOf: () => AdmissionOptions.limitsFromConfig(config),
      margin: AdmissionOptions.defaultMargin,
      maxQueue: config.admissionMaxQueue,
      maxWait: config.admissionMaxWait
    }),
    (limiter) => ({
      admissionOf: (now) =>
        fromLimiter(
          limiter,
          AdmissionOptions.describeLimiter(AdmissionOptions.limitsFromConfig(now), {
            maxQueue: now.admissionMaxQueue,
            maxWait: now.admissionMaxWait
          })
        ),
      reload: (next, configOf) => limiter.change(AdmissionOptions.changesOf(next, configOf)),
      reset: limiter.reset
    })
  )

/**
 * Limits in this process, with the options of a configuration. The accounts of
 * other hosts may have separate configurations.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromConfig = (
  config: KimiConfig.Values,
  configOf: (account: string) => KimiConfig.Values = () => config
): Effect.Effect<Admission["Service"]> => {
  const queueLimits = { maxQueue: config.admissionMaxQueue, maxWait: config.admissionMaxWait }
  return Effect.map(
    LocalLimiter.make({
      limitsOf: (account) => AdmissionOptions.limitsFromConfig(configOf(account)),
      margin: AdmissionOptions.defaultMargin,
      ...queueLimits
    }),
    (limiter) =>
      fromLimiter(limiter, AdmissionOptions.describeLimiter(AdmissionOptions.limitsFromConfig(config), queueLimits))
  )
}

/**
 * Limits in this process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options?: Options): Layer.Layer<Admission, ConfigurationError> =>
  OptionRules.layerOf("Admission", options, (options) => Layer.effect(Admission, make(options)))

/**
 * The same as `layerMemory`.
 *
 * @alias layerMemory
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: typeof layerMemory = layerMemory

/**
 * Limits that all processes with the same Redis share: all four dimensions,
 * decided in one step. Priorities and tenants take turns within a process, and
 * processes take turns with each other.
 *
 * **Details**
 *
 * - A call that need not wait costs one round trip to Redis, and one more in
 *   the background when it ends.
 * - While Redis is unavailable, and for a minute after that, a process uses at
 *   most its share of the limits; a warning is logged once. At first it uses only
 *   its share of what was left at the last reply.
 *
 * **Gotchas**
 *
 * - A process does not know the usage of others after its last reply: an idle
 *   process and one that was over its share when Redis became unavailable may
 *   exceed the limits together, for a minute at most, or until longer calls end.
 * - All processes on the same Redis must have the same limits.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (options: RedisOptions = {}): Layer.Layer<Admission, ConfigurationError, Redis> =>
  OptionRules.layerOf("Admission", options, (options) =>
    Layer.effect(
      Admission,
      Effect.suspend(() =>
        Effect.flatMap(AdmissionOptions.resolveRedis(options), (resolved) =>
          Effect.map(
            // Loaded here, so that a client without Redis contains neither its scripts nor their callers.
            Effect.flatMap(
              loadModule(() => import("./internal/admission/RedisLimiter.ts")),
              ({ make }) => make(resolved)
            ),
            (limiter) => fromLimiter(limiter, AdmissionOptions.describeRedis(options, resolved))
          )
        )
      )
    )
  )

const disabled: Admission["Service"] = {
  guard: () => (attempt) => attempt,
  acquire: () => Effect.succeed({ recordRateStatus: () => undefined, release: () => Effect.void }),
  states: Effect.succeed(new Map()),
  options: { is: "off" },
  change: () => Effect.void
}

/**
 * No limits: every attempt is made at once, regardless of the host's limits.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOff: Layer.Layer<Admission> = Layer.succeed(Admission, disabled)

/**
 * The stage of the pipeline. With the circuits of the stage around it, a call
 * that waits is rejected when its circuit opens in the meantime.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (
  admission: Admission["Service"],
  circuits?: Pick<CircuitBreaker["Service"], "watch">
): Stage.Stage => {
  if (admission === disabled) return Stage.off("admission")
  const requestOf = (call: Call): PermitRequest => ({
    account: call.account,
    tokens: () => admissionTokens(call.request),
    watch: circuits === undefined ? undefined : () => circuits.watch(accountModelKey(call))
  })
  return Stage.make("admission", {
    effect: (inner) => (call) => admission.guard(requestOf(call), AdmissionGuard.rateLimitOfKimiError)(inner(call)),
    stream: (inner) => (call) => AdmissionGuard.guardStream(admission, requestOf(call))(inner(call)),
    options: admission.options
  })
}
