/**
 * The options of a budget: their defaults, and their rules.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { ConfigurationIssue } from "../../errors/ConfigurationErrors.ts"
import * as Day from "../../internal/Day.ts"
import * as OptionRules from "../../internal/OptionRules.ts"
import * as KimiConfig from "../../KimiConfig.ts"
import type * as Stage from "../../pipeline/Stage.ts"
import * as BalanceOptions from "./BalanceOptions.ts"
import * as BudgetCaps from "./BudgetCaps.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The caps. All that match a call apply to it. */
  readonly caps: ReadonlyArray<BudgetCaps.Cap>
  /** Fractions of a cap for which `events` report that they were spent. Defaults to 0.5 and 0.8. */
  readonly thresholds?: ReadonlyArray<number> | undefined
  /** Whether capped calls without a known price are allowed. Defaults to `refuse`. */
  readonly onUnknownPrice?: "refuse" | "allow" | undefined
  /** Whether calls are allowed, uncounted, while the store is unavailable. Defaults to `refuse`. */
  readonly onStoreError?: "refuse" | "allow" | undefined
  /** The longest wait for the store. Defaults to a second. */
  readonly timeout?: Duration.Input | undefined
  /** The lease of reservations in the store, after which those of a process that died expire; in a SQLite file after two. Renewed while calls run. Defaults to a minute. */
  readonly lease?: Duration.Input | undefined
  /**
   * The longest wait of a call that fits only after other calls have settled,
   * until it is refused. Zero or `off` refuses at once. Defaults to 30 seconds.
   */
  readonly maxWait?: Duration.Input | "off" | undefined
  /**
   * The output for which a request without `max_completion_tokens` reserves, in
   * tokens per choice. A longer response is paid as it is, and a lost one according
   * to `lostAttempts`, so that a cap may be exceeded by the difference. Defaults to
   * the most that the model can generate, which exceeds no cap.
   */
  readonly defaultOutputTokens?: number | undefined
  /**
   * What is charged for an attempt whose response was lost: `upper bound`, the
   * most that its request allowed, or what a host generates at a rate per choice
   * in the time that the attempt took. With a rate, a host that is faster bills more
   * than is counted, and a cap may be exceeded without notice. Defaults to
   * `upper bound`.
   */
  readonly lostAttempts?: "upper bound" | { readonly tokensPerSecond: number } | undefined
  /**
   * The IANA time zone of days, weeks and months, such as `Europe/Berlin`. Clients
   * that share a store should have the same: a period is identified by its date, so
   * calls of another zone count in the period of the same date. Defaults to UTC.
   */
  readonly timeZone?: string | undefined
  /** Checks the account balance before a call; `{}` is enough. Off by default. */
  readonly balance?: BalanceOptions.Options | undefined
}

/**
 * The default of every option that has one.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = {
  thresholds: KimiConfig.defaults.budgetThresholds,
  onUnknownPrice: KimiConfig.defaults.budgetOnUnknownPrice,
  onStoreError: KimiConfig.defaults.budgetOnStoreError,
  timeout: KimiConfig.defaults.budgetTimeout,
  lease: KimiConfig.defaults.budgetLease,
  maxWait: KimiConfig.defaults.budgetMaxWait,
  lostAttempts: KimiConfig.defaults.budgetLostAttempts,
  timeZone: KimiConfig.defaults.budgetTimeZone
} as const

/**
 * The options of a budget from a configuration.
 *
 * @category options
 * @since 0.1.0
 */
export const optionsFromConfig = (config: KimiConfig.Values): Options => ({
  caps: config.budget,
  thresholds: config.budgetThresholds,
  onUnknownPrice: config.budgetOnUnknownPrice,
  onStoreError: config.budgetOnStoreError,
  timeout: config.budgetTimeout,
  lease: config.budgetLease,
  maxWait: config.budgetMaxWait,
  defaultOutputTokens: config.budgetDefaultOutputTokens,
  lostAttempts: config.budgetLostAttempts,
  timeZone: config.budgetTimeZone,
  balance: config.budgetCheckBalance ? {} : undefined
})

const isRate = (lostAttempts: unknown): boolean =>
  typeof lostAttempts === "object" &&
  lostAttempts !== null &&
  "tokensPerSecond" in lostAttempts &&
  typeof lostAttempts.tokensPerSecond === "number" &&
  Number.isFinite(lostAttempts.tokensPerSecond) &&
  lostAttempts.tokensPerSecond > 0

const isWait = (maxWait: Options["maxWait"]): boolean =>
  maxWait === undefined ||
  maxWait === "off" ||
  Option.exists(Duration.fromInput(maxWait), (wait) => Duration.isFinite(wait) && Duration.toMillis(wait) >= 0)

/**
 * The options as readable text.
 *
 * @category conversions
 * @since 0.1.0
 */
export const describe = ({ balance, caps, onStoreError, onUnknownPrice }: Options): Stage.Stage["options"] => ({
  caps: caps
    .map(({ amount, currency, only, per = [] }) => {
      const scope = [...per, ...Object.entries(only ?? {}).map(([name, value]) => `${name}:${value}`)]
      return `${typeof amount === "string" ? amount : BigDecimal.format(amount)} ${currency} ${scope.length === 0 ? "in total" : `per ${scope.join("/")}`}`
    })
    .join("; "),
  "unknown price": onUnknownPrice ?? defaults.onUnknownPrice,
  "store error": onStoreError ?? defaults.onStoreError,
  ...(balance === undefined ? {} : { balance: "checked" })
})

/** The layers of the stores pass their options too. */
type StoreOption = "maxScopes" | "path" | "durability" | "keyPrefix" | "name"

const optionNames: Record<keyof Options | StoreOption, true> = {
  caps: true,
  thresholds: true,
  onUnknownPrice: true,
  onStoreError: true,
  timeout: true,
  lease: true,
  maxWait: true,
  defaultOutputTokens: true,
  lostAttempts: true,
  timeZone: true,
  balance: true,
  maxScopes: true,
  path: true,
  durability: true,
  keyPrefix: true,
  name: true
}

const rulesOf = (options: Options): ReadonlyArray<OptionRules.Rule> => {
  const { balance, thresholds = defaults.thresholds } = options
  return [
    ...OptionRules.knownNames(options, optionNames),
    ["maxWait", isWait(options.maxWait), 'a finite duration, such as "30 seconds", or off'],
    OptionRules.positiveInteger("defaultOutputTokens", options.defaultOutputTokens),
    [
      "lostAttempts",
      options.lostAttempts === undefined || options.lostAttempts === "upper bound" || isRate(options.lostAttempts),
      '"upper bound", or an object with tokensPerSecond over zero'
    ],
    [
      "timeZone",
      options.timeZone === undefined || Day.zoneOf(options.timeZone) !== undefined,
      "an IANA time zone, such as Europe/Berlin"
    ],
    OptionRules.millisecondDuration("lease", options.lease),
    OptionRules.millisecondDuration("timeout", options.timeout),
    [
      "thresholds",
      Array.isArray(thresholds) && thresholds.every((threshold) => threshold > 0 && threshold <= 1),
      "a list of numbers over 0 and up to 1"
    ],
    OptionRules.oneOf("onUnknownPrice", options.onUnknownPrice, ["refuse", "allow"]),
    OptionRules.oneOf("onStoreError", options.onStoreError, ["refuse", "allow"]),
    ...(balance === undefined ? [] : BalanceOptions.rulesOf(balance))
  ]
}

/**
 * All issues of the options.
 *
 * @category validation
 * @since 0.1.0
 */
export const issuesOf = (options: Options): ReadonlyArray<typeof ConfigurationIssue.Type> => [
  ...BudgetCaps.issuesOf(options.caps),
  ...OptionRules.issuesOf("Budget", rulesOf(options))
]

/**
 * The longest wait of a call for others.
 *
 * @category getters
 * @since 0.1.0
 */
export const waitOf = ({ maxWait = defaults.maxWait }: Options): Duration.Duration =>
  maxWait === "off" ? Duration.zero : Duration.fromInputUnsafe(maxWait)
