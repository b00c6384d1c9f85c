/**
 * The services that a configuration turns on or changes. A service that is
 * provided is used in place of the configured one, and nothing is built or
 * loaded for a stage that is not configured.
 */
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as HealthSettings from "@kimi-effect/core/HealthSettings"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { LiveConfig } from "@kimi-effect/core/internal/OptionalServices"
import * as RetryBudget from "@kimi-effect/core/RetryBudget"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type ServiceLayer, unlessProvided } from "./ServiceLayer.ts"
import type { Runtime } from "./stores.ts"

type Values = KimiConfig.Values

const breaker = (config: Values): ServiceLayer => {
  if (!config.breaker) return CircuitBreaker.layerOff
  return config.circuits._tag === "Memory" && KimiConfig.isConfigured(config, "breaker")
    ? CircuitBreaker.layer(CircuitBreaker.optionsFromConfig(config))
    : Layer.empty
}

const retryBudget = (config: Values): ServiceLayer => {
  if (!config.retryBudget) return RetryBudget.layerOff
  return KimiConfig.isConfigured(config, "retry budget")
    ? RetryBudget.layer(RetryBudget.optionsFromConfig(config))
    : Layer.empty
}

/** Each setting that is provided is used in place of the configured one. */
const health = (config: Values): Layer.Layer<never> =>
  KimiConfig.isConfigured(config, "health")
    ? Layer.effect(
        HealthSettings.HealthSettings,
        Effect.map(HealthSettings.HealthSettings, (provided) => {
          const given = Object.entries(provided).filter(([, value]) => value !== undefined)
          return { ...HealthSettings.optionsFromConfig(config), ...Object.fromEntries(given) }
        })
      )
    : Layer.empty

/** Whether a stage is configured that is off by default, or a store that processes share. */
const hasOptional = (config: Values): boolean =>
  config.cache._tag !== "Off" ||
  config.budget.length > 0 ||
  config.limits._tag === "Redis" ||
  config.circuits._tag === "Redis" ||
  config.telemetry ||
  config.callLog ||
  config.auditLog !== undefined ||
  KimiConfig.isConfigured(config, "hedge")

/** The others are loaded here, so that a program without them does not contain them. */
const optional = (config: Values, { stores }: Runtime): ServiceLayer =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { make } = yield* loadModule(() => import("./optionalServices.ts"))
      return make(config, yield* stores(config))
    })
  )

/** The services of a configuration. The error names every option that the runtime does not support. */
const fromValues = (config: Values, runtime: Runtime): ServiceLayer => {
  const issues = runtime.unsupported(config)
  if (issues.length > 0) return Layer.effectDiscard(Effect.fail(ConfigurationError.of(issues)))
  return Layer.mergeAll(
    unlessProvided(CircuitBreaker.CircuitBreaker, breaker(config)),
    unlessProvided(Admission.Admission, config.limits._tag === "Off" ? Admission.layerOff : Layer.empty),
    unlessProvided(RetryBudget.RetryBudget, retryBudget(config)),
    health(config),
    hasOptional(config) ? optional(config, runtime) : Layer.empty
  )
}

/** The services of the `KimiConfig` that is provided. */
export const layer = (runtime: Runtime): Layer.Layer<never, ConfigurationError, KimiConfig.KimiConfig> =>
  Layer.unwrap(Effect.map(KimiConfig.KimiConfig, (config) => fromValues(config, runtime)))

/** The services of the first settings of a `LiveConfig`, which are kept over its changes. */
export const layerLive = (runtime: Runtime): Layer.Layer<never, ConfigurationError, LiveConfig> =>
  Layer.unwrap(
    Effect.map(
      Effect.flatMap(LiveConfig, ({ current }) => current),
      ({ config }) => fromValues(config, runtime)
    )
  )
