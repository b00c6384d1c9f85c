/**
 * Settings of `KimiClient.health`, and custom checks.
 *
 * It is a reference with defaults: provide `layer` below the client to change
 * them.
 *
 * ```ts
 * KimiNode.layerConfig().pipe(Layer.provide(HealthSettings.layer({ balanceWarning: 20 })))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import * as KimiConfig from "../KimiConfig.ts"
import type * as Health from "./Health.ts"
import type { HealthCheck } from "./internal/health/HealthCheck.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface PaidProbe {
  /** The model that is called. Defaults to the client's default model. */
  readonly model?: string | undefined
  /** How long a result is cached: at most one call is made in this time. Defaults to 5 minutes. */
  readonly timeToLive?: Duration.Input | undefined
  /** Timeout of the call with its retries. Defaults to 30 seconds. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Values extends Health.Options {
  /** An account with no more than this much money, in its currency, is degraded. Defaults to 5. */
  readonly balanceWarning?: number | undefined
  /** How long a balance is cached. Defaults to a minute. */
  readonly balanceTimeToLive?: Duration.Input | undefined
  /** A host whose latency is this long or longer is degraded. Defaults to 2 seconds. */
  readonly slowAfter?: Duration.Input | undefined
  /** Admission is degraded when a queue is filled to this fraction. Defaults to 0.8. */
  readonly queueWarning?: number | undefined
  /** The budget is degraded when this fraction of a cap is spent. Defaults to 0.8. */
  readonly budgetWarning?: number | undefined
  /** Whether a small paid call is made, as the component `chat`. Off by default. */
  readonly paidProbe?: boolean | PaidProbe | undefined
  /** Custom checks. One with the name and account of a component replaces it. */
  readonly checks?: ReadonlyArray<HealthCheck> | undefined
}

/**
 * The default of every setting that is not an option of `Health`.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = {
  balanceWarning: KimiConfig.defaults.healthBalanceWarning,
  balanceTimeToLive: KimiConfig.defaults.healthBalanceTimeToLive,
  slowAfter: KimiConfig.defaults.healthSlowAfter,
  queueWarning: KimiConfig.defaults.healthQueueWarning,
  budgetWarning: KimiConfig.defaults.healthBudgetWarning,
  paidProbe: {
    timeToLive: KimiConfig.defaults.healthProbeTimeToLive,
    timeout: KimiConfig.defaults.healthProbeTimeout
  }
} as const

/**
 * The settings that a configuration gives.
 *
 * @category options
 * @since 0.1.0
 */
export const optionsFromConfig = (config: KimiConfig.Values): Values => ({
  timeToLive: config.healthTimeToLive,
  timeout: config.healthTimeout,
  failureThreshold: config.healthFailureThreshold,
  balanceWarning: config.healthBalanceWarning,
  balanceTimeToLive: config.healthBalanceTimeToLive,
  slowAfter: config.healthSlowAfter,
  queueWarning: config.healthQueueWarning,
  budgetWarning: config.healthBudgetWarning,
  paidProbe: config.healthPaidProbe
    ? { model: config.healthProbeModel, timeToLive: config.healthProbeTimeToLive, timeout: config.healthProbeTimeout }
    : false
})

/**
 * The settings of the clients that are built with it.
 *
 * @category references
 * @since 0.1.0
 */
export const HealthSettings: Context.Reference<Values> = Context.Reference<Values>(
  "@kimi-effect/core/observability/HealthSettings",
  { defaultValue: () => ({}) }
)

const checkRules = (checks: Values["checks"] = []): ReadonlyArray<OptionRules.Rule> => {
  if (!Array.isArray(checks)) return [["checks", false, "a list of checks"]]
  return checks.flatMap((check: HealthCheck, i): ReadonlyArray<OptionRules.Rule> => {
    const name = `checks[${i}]`
    if (typeof check !== "object" || check === null) return [[name, false, "an object with a name and a check"]]
    return [
      [`${name}.name`, typeof check.name === "string" && check.name !== "", "a name"],
      [`${name}.check`, Effect.isEffect(check.check), "an effect that yields a check result"],
      OptionRules.positiveDuration(`${name}.timeout`, check.timeout)
    ]
  })
}

const rulesOf = (settings: Values): ReadonlyArray<OptionRules.Rule> => {
  const { balanceWarning = 0, paidProbe } = settings
  const probe = typeof paidProbe === "object" && paidProbe !== null ? paidProbe : {}
  return [
    OptionRules.finiteDuration("timeToLive", settings.timeToLive),
    OptionRules.positiveDuration("timeout", settings.timeout),
    OptionRules.finiteDuration("balanceTimeToLive", settings.balanceTimeToLive),
    OptionRules.positiveDuration("slowAfter", settings.slowAfter),
    // Any other value would count as true and make paid calls.
    [
      "paidProbe",
      paidProbe === probe || ["undefined", "boolean"].includes(typeof paidProbe),
      "true, false or an object"
    ],
    OptionRules.finiteDuration("paidProbe.timeToLive", probe.timeToLive),
    OptionRules.positiveDuration("paidProbe.timeout", probe.timeout),
    OptionRules.fraction("queueWarning", settings.queueWarning),
    OptionRules.fraction("budgetWarning", settings.budgetWarning),
    ["balanceWarning", Number.isFinite(balanceWarning) && balanceWarning >= 0, "a finite number that is not negative"],
    OptionRules.positiveInteger("failureThreshold", settings.failureThreshold),
    ...checkRules(settings.checks)
  ]
}

/**
 * Overrides the settings that are already provided and adds to their checks.
 * Fails with a `ConfigurationError` that names every invalid setting.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (settings: Values): Layer.Layer<never, ConfigurationError> =>
  OptionRules.layerOf("HealthSettings", settings, (settings) =>
    Layer.effect(
      HealthSettings,
      Effect.andThen(
        Effect.suspend(() => OptionRules.check("HealthSettings", rulesOf(settings))),
        Effect.map(HealthSettings, (outer) => ({
          ...outer,
          ...settings,
          checks: [...(outer.checks ?? []), ...(settings.checks ?? [])]
        }))
      )
    )
  )
