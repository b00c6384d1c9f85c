/**
 * Batches that the host runs, with the services of a configuration.
 *
 * @since 0.1.0
 */
import { Budget } from "@kimi-effect/core/internal/OptionalServices"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type * as Settings from "@kimi-effect/core/Settings"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as HostBatch from "../batch/HostBatch.ts"
import * as HostApi from "../HostApi.ts"
import { type ServiceLayer, unlessProvided } from "../internal/ServiceLayer.ts"
import * as UndiciHttpClient from "./UndiciHttpClient.ts"

export * from "../batch/HostBatch.ts"

/** The budget that is configured, in its store. A budget in memory is that of these batches alone. */
const configuredBudget = (config: KimiConfig.Values): ServiceLayer =>
  config.budget.length === 0
    ? Layer.empty
    : Layer.unwrap(
        Effect.map(
          loadModule(() => import("./internal/nodeStores.ts")),
          ({ nodeStores }): ServiceLayer => nodeStores.budget(config, nodeStores.redis(config))
        )
      )

const budget = Layer.unwrap(
  Effect.map(KimiConfig.KimiConfig, (config) => unlessProvided(Budget, configuredBudget(config)))
)

/**
 * The service with the options of the current `ConfigProvider`, the environment
 * by default, and with the configured budget, unless one is provided. Options in
 * `overrides` win.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  overrides: Settings.Options = {},
  options?: HostBatch.Options
): Layer.Layer<HostBatch.HostBatch, ConfigurationError> =>
  Layer.unwrap(
    Effect.flatMap(
      loadModule(() => import("@kimi-effect/core/Settings")),
      ({ fromConfig, provideTo }) =>
        Effect.map(
          fromConfig(overrides),
          provideTo(
            HostBatch.layer(options).pipe(
              Layer.provide(budget),
              Layer.provide(HostApi.layerHttp),
              Layer.provide(UndiciHttpClient.layer)
            )
          )
        )
    )
  )
