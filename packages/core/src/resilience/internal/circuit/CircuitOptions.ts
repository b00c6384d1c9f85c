/**
 * When circuits open and for how long: the options of local and shared
 * circuits, their defaults and their rules.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { ConfigurationError } from "../../../errors/ConfigurationErrors.ts"
import * as OptionRules from "../../../internal/OptionRules.ts"
import * as KimiConfig from "../../../KimiConfig.ts"
import * as Backoff from "../../Backoff.ts"
import type * as Circuit from "./Circuit.ts"

/** The options of every circuit, wherever it is stored. */
interface CommonValues {
  /** Time to first content from which a stream counts as slow. Defaults to 30 seconds. */
  readonly slowAfter: Duration.Duration
  /** Successive open durations. Defaults to 5 seconds doubling to 60, with equal jitter: from half of it to all. */
  readonly openDuration: Schedule.Schedule<unknown>
  /** The longest open duration, regardless of the schedule and the host. Defaults to 5 minutes. */
  readonly maxOpenDuration: Duration.Duration
}

/** Options as they are given: durations in any form, and one open duration in place of a schedule of them. */
type Input<V> = {
  readonly [Name in keyof V]: Name extends "openDuration"
    ? V[Name] | Duration.Input
    : V[Name] extends Duration.Duration
      ? Duration.Input
      : V[Name]
}

/**
 * The values of all options of circuits in this process.
 *
 * @category models
 * @since 0.1.0
 */
export interface Values extends Omit<Circuit.Policy, "probeTimeoutMillis">, CommonValues {
  /** How long a probe may take before another is permitted; a later outcome still counts. Defaults to 30 seconds. */
  readonly probeTimeout: Duration.Duration
}

/**
 * Options of circuits in this process. An `openDuration` that is no schedule is
 * the duration of every opening.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends Input<Values> {}

/**
 * What opens a shared circuit.
 *
 * - `Consecutive`: this many failures in a row, in the order in which they
 *   are recorded.
 * - `Rate`: at least this fraction of the latest `size` calls failed, 0 to 1,
 *   once there are `minimumCalls`.
 *
 * @category options
 * @since 0.1.0
 */
export type TripPolicy =
  | { readonly _tag: "Consecutive"; readonly failures: number }
  | { readonly _tag: "Rate"; readonly threshold: number; readonly minimumCalls: number; readonly size: number }

/**
 * The values of all options of circuits that are shared over Redis.
 *
 * @category models
 * @since 0.1.0
 */
export interface RedisValues extends CommonValues {
  /** What opens a circuit, over the calls of all processes. Defaults to 15 failures in a row. */
  readonly tripPolicy: TripPolicy
  /** Prefix of every key in Redis. Defaults to `kimi-effect:circuit:`. */
  readonly keyPrefix: string
  /** The lease of a probe; it is renewed while the probe runs. Defaults to 10 seconds. */
  readonly probeLease: Duration.Duration
  /** After this time without a call a circuit is deleted, which closes it. Defaults to an hour. */
  readonly idleTimeToLive: Duration.Duration
  /** The longest wait for Redis before a call is made without it. Defaults to 250 milliseconds. */
  readonly timeout: Duration.Duration
  /** How long Redis is not used after a failure. Defaults to a second. */
  readonly cooldown: Duration.Duration
}

/**
 * Options of circuits that are shared over Redis. Processes that share a
 * circuit must be given the same ones. An `openDuration` that is no schedule is
 * the duration of every opening.
 *
 * @category options
 * @since 0.1.0
 */
export interface RedisOptions extends Input<RedisValues> {}

/** Open durations that double up to a minute, or stay constant if the first is longer. */
const openSchedule = (first: Duration.Duration): Schedule.Schedule<unknown> =>
  Backoff.schedule({ baseDelay: first, maxDelay: Duration.max(first, Duration.seconds(60)), jitter: "equal" })

const commonFromConfig = (config: KimiConfig.Values): CommonValues => ({
  slowAfter: config.breakerSlowAfter,
  openDuration: openSchedule(config.breakerOpenDuration),
  maxOpenDuration: config.breakerMaxOpenDuration
})

const numberOrNone = (value: number | "off"): number | undefined => (value === "off" ? undefined : value)

/**
 * The options of circuits in this process from a configuration.
 *
 * @category options
 * @since 0.1.0
 */
export const fromConfig = (config: KimiConfig.Values): Values => ({
  ...commonFromConfig(config),
  consecutiveFailures: numberOrNone(config.breakerFailures),
  failureRate: numberOrNone(config.breakerFailureRate),
  slowRate: config.breakerSlowRate,
  window: config.breakerWindow,
  minimumCalls: config.breakerMinimumCalls,
  halfOpenPermits: config.breakerProbes,
  halfOpenSuccesses: config.breakerProbeSuccesses,
  probeTimeout: config.breakerProbeTimeout
})

/** Shared circuits take rates over a number of calls only. */
const tripPolicyFromConfig = (config: KimiConfig.Values): TripPolicy => {
  const { breakerFailureRate, breakerFailures, breakerMinimumCalls, breakerWindow } = config
  return breakerWindow._tag === "Count" && breakerFailureRate !== "off"
    ? { _tag: "Rate", threshold: breakerFailureRate, minimumCalls: breakerMinimumCalls, size: breakerWindow.size }
    : { _tag: "Consecutive", failures: breakerFailures === "off" ? Number.MAX_SAFE_INTEGER : breakerFailures }
}

/**
 * The default of every option: a circuit opens after 15 failures in a row, or
 * when 80 % of at least 20 calls in a minute fail; one successful probe closes
 * it.
 *
 * A host that fails three times in ten does not open a circuit by chance: 15
 * such failures in a row happen once in 70 million attempts.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults: Values = fromConfig(KimiConfig.defaults)

/**
 * The options of shared circuits from a configuration.
 *
 * @category options
 * @since 0.1.0
 */
export const redisFromConfig = (config: KimiConfig.Values): RedisValues => ({
  ...commonFromConfig(config),
  tripPolicy: tripPolicyFromConfig(config),
  keyPrefix: `${config.redisKeyPrefix}circuit:`,
  probeLease: Duration.seconds(10),
  idleTimeToLive: Duration.hours(1),
  timeout: Duration.millis(250),
  cooldown: Duration.seconds(1)
})

/**
 * The default of every option of shared circuits.
 *
 * @category options
 * @since 0.1.0
 */
export const redisDefaults: RedisValues = redisFromConfig(KimiConfig.defaults)

type Rule = OptionRules.Rule
type CommonOptions = Input<CommonValues>

const isPositiveInteger = (value: number): boolean => Number.isSafeInteger(value) && value > 0

const fitsWindow = (name: string, minimumCalls: number, size: number): Rule => [
  name,
  !isPositiveInteger(minimumCalls) || !isPositiveInteger(size) || minimumCalls <= size,
  "at most the size of the window, which otherwise never holds that many calls"
]

const openDurationRule = (given: CommonOptions["openDuration"]): Rule => {
  const [name, isMet, expected] = OptionRules.positiveDuration(
    "openDuration",
    Schedule.isSchedule(given) ? undefined : given
  )
  return [name, isMet, `${expected}, or a Schedule`]
}

const commonRules = ({ maxOpenDuration, openDuration, slowAfter }: CommonOptions): ReadonlyArray<Rule> => [
  ["slowAfter", Duration.toMillis(OptionRules.durationOf(slowAfter)) > 0, 'a duration over zero, such as "30 seconds"'],
  openDurationRule(openDuration),
  OptionRules.positiveDuration("maxOpenDuration", maxOpenDuration)
]

const commonFrom = ({ maxOpenDuration, openDuration, slowAfter }: CommonOptions): CommonValues => ({
  slowAfter: OptionRules.durationOf(slowAfter),
  openDuration: Schedule.isSchedule(openDuration)
    ? openDuration
    : Schedule.spaced(OptionRules.durationOf(openDuration)),
  maxOpenDuration: OptionRules.durationOf(maxOpenDuration)
})

const check = (rules: ReadonlyArray<Rule>): Effect.Effect<void, ConfigurationError> =>
  OptionRules.check("CircuitBreaker", rules)

/**
 * Adds the defaults and checks the options. The error names every invalid
 * option.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resolve = (given: Partial<Options>): Effect.Effect<Values, ConfigurationError> =>
  Effect.suspend(() => {
    const options: Options = { ...defaults, ...given }
    const { failureRate, minimumCalls, slowRate, window } = options
    const hasRate = failureRate !== undefined || slowRate !== undefined
    const rules: ReadonlyArray<Rule> = [
      ...OptionRules.knownNames(given, defaults),
      ...commonRules(options),
      OptionRules.positiveInteger("consecutiveFailures", options.consecutiveFailures),
      OptionRules.fraction("failureRate", failureRate),
      OptionRules.fraction("slowRate", slowRate),
      window._tag === "Count"
        ? OptionRules.positiveInteger("window.size", window.size)
        : ["window.millis", window.millis > 0 && Number.isFinite(window.millis), "a finite number over zero"],
      OptionRules.positiveInteger("minimumCalls", minimumCalls),
      ...(hasRate && window._tag === "Count" ? [fitsWindow("minimumCalls", minimumCalls, window.size)] : []),
      OptionRules.positiveInteger("halfOpenPermits", options.halfOpenPermits),
      OptionRules.positiveInteger("halfOpenSuccesses", options.halfOpenSuccesses),
      OptionRules.positiveDuration("probeTimeout", options.probeTimeout)
    ]
    return Effect.map(check(rules), () => ({
      ...options,
      ...commonFrom(options),
      probeTimeout: OptionRules.durationOf(options.probeTimeout)
    }))
  })

/**
 * The same for options of shared circuits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resolveRedis = (given: Partial<RedisOptions>): Effect.Effect<RedisValues, ConfigurationError> =>
  Effect.suspend(() => {
    const options: RedisOptions = { ...redisDefaults, ...given }
    const { tripPolicy } = options
    const rules: ReadonlyArray<Rule> = [
      ...OptionRules.knownNames(given, redisDefaults),
      ...commonRules(options),
      ...(tripPolicy._tag === "Consecutive"
        ? [OptionRules.positiveInteger("tripPolicy.failures", tripPolicy.failures)]
        : [
            OptionRules.fraction("tripPolicy.threshold", tripPolicy.threshold),
            OptionRules.positiveInteger("tripPolicy.minimumCalls", tripPolicy.minimumCalls),
            OptionRules.positiveInteger("tripPolicy.size", tripPolicy.size),
            fitsWindow("tripPolicy.minimumCalls", tripPolicy.minimumCalls, tripPolicy.size)
          ]),
      OptionRules.keyPart("keyPrefix", options.keyPrefix),
      OptionRules.positiveDuration("probeLease", options.probeLease),
      OptionRules.positiveDuration("idleTimeToLive", options.idleTimeToLive),
      OptionRules.positiveDuration("timeout", options.timeout),
      OptionRules.positiveDuration("cooldown", options.cooldown)
    ]
    return Effect.map(check(rules), () => ({
      ...options,
      ...commonFrom(options),
      probeLease: OptionRules.durationOf(options.probeLease),
      idleTimeToLive: OptionRules.durationOf(options.idleTimeToLive),
      timeout: OptionRules.durationOf(options.timeout),
      cooldown: OptionRules.durationOf(options.cooldown)
    }))
  })

type Description = { readonly [name: string]: string }

const percent = (value: number): string => `${Number((value * 100).toPrecision(6))} %`

/**
 * The options as readable text.
 *
 * @category conversions
 * @since 0.1.0
 */
export const describeOptions = (options: Values): Description => {
  const { consecutiveFailures, failureRate, halfOpenPermits, halfOpenSuccesses, minimumCalls, slowRate, window } =
    options
  const span =
    window._tag === "Count" ? `the latest ${window.size}` : `${Duration.format(Duration.millis(window.millis))}`
  const among = `of ${minimumCalls} or more calls in ${span}`
  return {
    ...(consecutiveFailures === undefined ? {} : { "opens after": `${consecutiveFailures} failures in a row` }),
    ...(failureRate === undefined ? {} : { "failure rate": `${percent(failureRate)} ${among}` }),
    ...(slowRate === undefined
      ? {}
      : { "slow rate": `${percent(slowRate)} ${among} after ${Duration.format(options.slowAfter)}` }),
    probes: `${halfOpenPermits} at a time for ${Duration.format(options.probeTimeout)}`,
    "closes after": `${halfOpenSuccesses} successful`,
    "open for": `at most ${Duration.format(options.maxOpenDuration)}`
  }
}

/**
 * The same for options of shared circuits.
 *
 * @category conversions
 * @since 0.1.0
 */
export const describeRedisOptions = ({
  maxOpenDuration,
  keyPrefix,
  probeLease,
  tripPolicy
}: RedisValues): Description => ({
  ...(tripPolicy._tag === "Consecutive"
    ? { "opens after": `${tripPolicy.failures} failures in a row` }
    : {
        "failure rate": `${percent(tripPolicy.threshold)} of ${tripPolicy.minimumCalls} or more calls in the latest ${tripPolicy.size}`
      }),
  probes: `1 at a time, leased for ${Duration.format(probeLease)}`,
  "open for": `at most ${Duration.format(maxOpenDuration)}`,
  shared: `on Redis under ${keyPrefix}`
})
