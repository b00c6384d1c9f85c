/**
 * The options of admission: their defaults, their rules, and as text.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ConfigurationError } from "../../../errors/ConfigurationErrors.ts"
import * as OptionRules from "../../../internal/OptionRules.ts"
import * as KimiConfig from "../../../KimiConfig.ts"
import { type RateLimits, tiers } from "../../RateLimits.ts"
import { limitNames } from "./EffectiveLimits.ts"
import type { Changes as LimiterChanges, QueueLimits } from "./Limiter.ts"
import type { Options as RedisLimiterOptions } from "./RedisLimiter.ts"

/**
 * Options as text.
 *
 * @category models
 * @since 0.1.0
 */
export type Description = { readonly [name: string]: string }

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The limits of every account, or of each by its name. Unknown by default. */
  readonly limits?: RateLimits | ((account: string) => RateLimits) | undefined
  /** Longest wait for a permit. Defaults to 2 minutes. */
  readonly maxWait?: Duration.Input | undefined
  /** Maximum number of queued calls per account and priority. Defaults to 10,000. */
  readonly maxQueue?: number | undefined
  /** Added to every rate window, because two calls may reach the host closer together than they were sent. Defaults to 1 second. */
  readonly margin?: Duration.Input | undefined
}

/**
 * Options that may change while calls run. Absent options stay unchanged.
 *
 * @category options
 * @since 0.1.0
 */
export interface Changes extends Pick<Options, "maxWait" | "maxQueue"> {
  /** The limits of every account, or of each by its name; `undefined` leaves those of an account unchanged. */
  readonly limits?: RateLimits | ((account: string) => RateLimits | undefined) | undefined
}

/**
 * The limits of a configuration: those of its tier, overridden by its own options.
 *
 * @category options
 * @since 0.1.0
 */
export const limitsFromConfig = (config: KimiConfig.Values): RateLimits => {
  const tier: RateLimits = config.tier === undefined ? {} : tiers[config.tier]
  return {
    concurrency: config.maxConcurrency ?? tier.concurrency,
    requestsPerMinute: config.requestsPerMinute ?? tier.requestsPerMinute,
    tokensPerMinute: config.tokensPerMinute ?? tier.tokensPerMinute,
    tokensPerDay: config.tokensPerDay ?? tier.tokensPerDay
  }
}

/**
 * By how much the interval between two calls may shrink on the way to the host.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultMargin = Duration.seconds(1)

const describeLimits = (limits: RateLimits): Description => {
  const known = Object.entries(limits).filter(([, limit]) => limit !== undefined)
  return known.length === 0
    ? { limits: "unknown" }
    : Object.fromEntries(known.map(([name, limit]) => [name, String(limit)]))
}

/**
 * The limits and queue limits as text.
 *
 * @category conversions
 * @since 0.1.0
 */
export const describeLimiter = (
  limits: RateLimits | "by account",
  { maxQueue, maxWait }: QueueLimits
): Description => ({
  ...(limits === "by account" ? { limits } : describeLimits(limits)),
  "max wait": Duration.format(maxWait),
  "max queue": String(maxQueue)
})

const isLimitName = (name: string): boolean => limitNames.some((known) => known === name)

/** A misspelt limit would otherwise be ignored. */
const limitsRules = (limits: Changes["limits"]): ReadonlyArray<OptionRules.Rule> => {
  if (limits === undefined || typeof limits === "function") return []
  const known = limitNames.join(", ")
  if (typeof limits !== "object" || limits === null) return [["limits", false, `an object with ${known}`]]
  return Object.entries(limits).map(([name, limit]) =>
    isLimitName(name) ? OptionRules.positiveInteger(name, limit) : [name, false, `one of the limits ${known}`]
  )
}

const optionNames: Record<keyof Options, true> = { limits: true, margin: true, maxQueue: true, maxWait: true }

const redisOptionNames: Record<keyof RedisOptions, true> = {
  ...optionNames,
  keyPrefix: true,
  localShare: true,
  timeout: true,
  cooldown: true,
  lease: true
}

const valueRules = ({
  limits,
  margin,
  maxQueue,
  maxWait
}: Changes & Pick<Options, "margin">): ReadonlyArray<OptionRules.Rule> => [
  ...limitsRules(limits),
  OptionRules.positiveInteger("maxQueue", maxQueue),
  OptionRules.finiteDuration("margin", margin),
  OptionRules.finiteDuration("maxWait", maxWait)
]

/**
 * The rules of the options.
 *
 * @category validation
 * @since 0.1.0
 */
export const rulesOf = (options: Changes & Pick<Options, "margin">): ReadonlyArray<OptionRules.Rule> => [
  ...OptionRules.knownNames(options, optionNames),
  ...valueRules(options)
]

/**
 * Fails with all invalid options.
 *
 * @category validation
 * @since 0.1.0
 */
export const check = (rules: ReadonlyArray<OptionRules.Rule>): Effect.Effect<void, ConfigurationError> =>
  OptionRules.check("Admission", rules)

/**
 * These options as text.
 *
 * @category conversions
 * @since 0.1.0
 */
export const describeOptions = (options: Options): Description =>
  describeLimiter(typeof options.limits === "function" ? "by account" : (options.limits ?? {}), limiterOptions(options))

/**
 * The options of a limiter, with their defaults.
 *
 * @category options
 * @since 0.1.0
 */
export const limiterOptions = ({
  limits = {},
  margin = defaultMargin,
  maxQueue = KimiConfig.defaults.admissionMaxQueue,
  maxWait = KimiConfig.defaults.admissionMaxWait
}: Options) => ({
  limitsOf: typeof limits === "function" ? limits : () => limits,
  margin: Duration.fromInputUnsafe(margin),
  maxQueue,
  maxWait: Duration.fromInputUnsafe(maxWait)
})

/**
 * The changes from one configuration to another. Accounts without one keep their limits.
 *
 * @category conversions
 * @since 0.1.0
 */
export const changesOf = (
  config: KimiConfig.Values,
  configOf: (account: string) => KimiConfig.Values | undefined
): Required<LimiterChanges> => ({
  limitsOf: (account) => {
    const own = configOf(account)
    return own === undefined ? undefined : limitsFromConfig(own)
  },
  maxQueue: config.admissionMaxQueue,
  maxWait: config.admissionMaxWait
})

/**
 * @category options
 * @since 0.1.0
 */
export interface RedisOptions extends Options {
  /** Prefix of every key in Redis. Defaults to `kimi-effect:admission:`. */
  readonly keyPrefix?: string | undefined
  /**
   * Fraction of the limits that this process uses while Redis is unavailable,
   * over 0 and up to 1: one divided by the number of processes. A call that is
   * larger than this share runs alone. Defaults to 0.5.
   */
  readonly localShare?: number | undefined
  /** Longest wait for a reply of Redis. Defaults to 250 milliseconds. */
  readonly timeout?: Duration.Input | undefined
  /** How long Redis is not used after it failed. Defaults to 1 second. */
  readonly cooldown?: Duration.Input | undefined
  /** How long the permits of a process that died stay reserved; those of a running one are renewed. Defaults to 30 seconds. */
  readonly lease?: Duration.Input | undefined
}

/**
 * The options of limits on Redis from a configuration.
 *
 * @category options
 * @since 0.1.0
 */
export const redisOptionsFromConfig = (
  config: KimiConfig.Values,
  limits: (account: string) => RateLimits
): RedisOptions => ({
  limits,
  maxQueue: config.admissionMaxQueue,
  maxWait: config.admissionMaxWait,
  localShare: config.limitsLocalShare,
  keyPrefix: `${config.redisKeyPrefix}admission:`
})

/**
 * The options of limits on Redis with their defaults, checked.
 *
 * @category options
 * @since 0.1.0
 */
export const resolveRedis = (options: RedisOptions): Effect.Effect<RedisLimiterOptions, ConfigurationError> => {
  const {
    cooldown = "1 second",
    lease = "30 seconds",
    keyPrefix = `${KimiConfig.defaults.redisKeyPrefix}admission:`,
    localShare = KimiConfig.defaults.limitsLocalShare,
    timeout = "250 millis"
  } = options
  const checked = check([
    ...OptionRules.knownNames(options, redisOptionNames),
    ...valueRules(options),
    OptionRules.keyPart("keyPrefix", keyPrefix),
    OptionRules.finiteDuration("cooldown", cooldown),
    OptionRules.millisecondDuration("lease", lease),
    OptionRules.millisecondDuration("timeout", timeout),
    OptionRules.fraction("localShare", localShare)
  ])
  return Effect.map(checked, () => ({
    ...limiterOptions(options),
    keyPrefix,
    localShare,
    cooldown: Duration.fromInputUnsafe(cooldown),
    lease: Duration.fromInputUnsafe(lease),
    timeout: Duration.fromInputUnsafe(timeout)
  }))
}

/**
 * These options as text.
 *
 * @category conversions
 * @since 0.1.0
 */
export const describeRedis = (options: RedisOptions, { keyPrefix, localShare }: RedisLimiterOptions): Description => ({
  ...describeOptions(options),
  shared: `on Redis under ${keyPrefix}`,
  "local share": String(localShare)
})
