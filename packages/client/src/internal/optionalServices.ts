/** The services of stages that are off by default, and of those that processes share over Redis. Each is loaded when it is configured. */
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as OptionalServices from "@kimi-effect/core/internal/OptionalServices"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { Redis } from "@kimi-effect/core/Redis"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { FallbackPlan } from "./FallbackPlanService.ts"
import { RedisConnections } from "./RedisConnections.ts"
import { type ServiceLayer, unlessProvided } from "./ServiceLayer.ts"
import type { RedisOf, Stores } from "./stores.ts"

type Values = KimiConfig.Values

/** One layer for each URL, and so one connection, which is added to those that are open. */
const shareConnections = (connect: RedisOf, open: Set<Redis["Service"]>): RedisOf => {
  const connections = new Map<string, ReturnType<RedisOf>>()
  return (name, url) => {
    const connection =
      connections.get(Redacted.value(url)) ??
      Layer.tap(connect(name, url), (context) => Effect.sync(() => open.add(Context.get(context, Redis))))
    connections.set(Redacted.value(url), connection)
    return connection
  }
}

const circuits = (config: Values, redis: RedisOf): ServiceLayer =>
  config.circuits._tag === "Redis" && config.breaker
    ? Layer.provide(
        CircuitBreaker.layerRedis(CircuitBreaker.redisOptionsFromConfig(config)),
        redis("circuits", config.circuits.url)
      )
    : Layer.empty

/** The limits of each account. Those of an account that is in no plan are not known. */
const limitsByAccount = (config: Values, plan: FallbackPlan["Service"] | undefined) => {
  const primary = config.account ?? config.provider
  return (account: string) => {
    const own = plan?.configs.get(account) ?? (account === primary ? config : undefined)
    return own === undefined ? {} : Admission.limitsFromConfig(own)
  }
}

const limits = (config: Values, redis: RedisOf): ServiceLayer =>
  config.limits._tag === "Redis"
    ? Layer.provide(
        Layer.unwrap(
          Effect.map(Effect.serviceOption(FallbackPlan), (plan) =>
            Admission.layerRedis(
              Admission.redisOptionsFromConfig(config, limitsByAccount(config, Option.getOrUndefined(plan)))
            )
          )
        ),
        redis("limits", config.limits.url)
      )
    : Layer.empty

const hedge = (config: Values): ServiceLayer =>
  KimiConfig.isConfigured(config, "hedge")
    ? Layer.unwrap(
        Effect.map(
          loadModule(() => import("@kimi-effect/core/Hedge")),
          (Hedge) => {
            const options = Hedge.optionsFromConfig(config)
            return options === undefined ? Layer.empty : Hedge.layer(options)
          }
        )
      )
    : Layer.empty

/** Calls are written to logs by an observer. */
const observer = (config: Values, stores: Stores): ServiceLayer =>
  config.telemetry || config.callLog || config.auditLog !== undefined
    ? Layer.unwrap(
        Effect.map(
          loadModule(() => import("./configuredObserver.ts")),
          ({ layer }) => layer(config, stores)
        )
      )
    : Layer.empty

/** All that are configured. */
export const make = (config: Values, stores: Stores): ServiceLayer => {
  const connections = new Set<Redis["Service"]>()
  const redis = shareConnections(stores.redis(config), connections)
  const cache: ServiceLayer = config.cache._tag === "Off" ? Layer.empty : stores.cache(config, redis)
  const budget: ServiceLayer = config.budget.length === 0 ? Layer.empty : stores.budget(config, redis)
  return Layer.mergeAll(
    Layer.succeed(RedisConnections, connections),
    unlessProvided(CircuitBreaker.CircuitBreaker, circuits(config, redis)),
    unlessProvided(Admission.Admission, limits(config, redis)),
    unlessProvided(OptionalServices.ResponseCache, cache),
    unlessProvided(OptionalServices.Budget, budget),
    unlessProvided(OptionalServices.Hedge, hedge(config)),
    unlessProvided(OptionalServices.Observer, observer(config, stores))
  )
}
