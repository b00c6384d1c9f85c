/**
 * The client for Node: `KimiClient` on a pool of connections.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { LiveConfig } from "@kimi-effect/core/LiveConfig"
import type * as Settings from "@kimi-effect/core/Settings"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as configuredServices from "../internal/configuredServices.ts"
import { layerHttpHosts } from "../internal/httpHosts.ts"
import * as HostApi from "../HostApi.ts"
import { anyRuntime, type Runtime } from "../internal/stores.ts"
import * as KimiClient from "../KimiClient.ts"
import { maxConnectionsOf } from "./internal/connectionOptions.ts"
import type * as ConfigWatch from "./ConfigWatch.ts"
import * as UndiciHttpClient from "./UndiciHttpClient.ts"

/** A program whose options are in code reads no configuration, and does not load what reads it. */
const loadSettings = () => loadModule(() => import("@kimi-effect/core/Settings"))

/** Whether any runtime has what a configuration needs. A cache uses the digest of Node. */
const needsNoStore = (config: KimiConfig.Values): boolean =>
  config.cache._tag === "Off" && anyRuntime.unsupported(config).length === 0

/** All stores, which are loaded when one is configured. */
const nodeRuntime: Runtime = {
  unsupported: () => [],
  stores: (config) =>
    needsNoStore(config)
      ? anyRuntime.stores(config)
      : Effect.map(
          loadModule(() => import("./internal/nodeStores.ts")),
          ({ nodeStores }) => nodeStores
        )
}

const layerUndici = (clientOptions: KimiClient.ClientOptions | undefined) =>
  Layer.effect(KimiClient.KimiClient, KimiClient.make).pipe(
    Layer.provide(configuredServices.layer(nodeRuntime)),
    Layer.provide(layerHttpHosts(clientOptions)),
    Layer.provide(UndiciHttpClient.layer)
  )

/**
 * The client with options given in code.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: KimiConfig.Options,
  clientOptions?: KimiClient.ClientOptions
): Layer.Layer<KimiClient.KimiClient, ConfigurationError> =>
  Layer.provide(layerUndici(clientOptions), KimiConfig.layer(options))

/**
 * The client with the options of the current `ConfigProvider`, the environment
 * by default, and with all stages that they turn on: cache, budget, circuits,
 * limits, hedges, telemetry, logs and health. Options in `overrides` win, and a
 * service that is provided is used in place of the configured one.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  overrides: Settings.Options = {},
  clientOptions?: KimiClient.ClientOptions
): Layer.Layer<KimiClient.KimiClient, ConfigurationError> =>
  Layer.unwrap(
    Effect.andThen(
      KimiConfig.warnUnknownVariables,
      Effect.flatMap(loadSettings(), (Settings) =>
        Effect.map(Settings.fromConfig(overrides), Settings.provideTo(layerUndici(clientOptions)))
      )
    )
  )

/**
 * Requests that call no model, on a pool of connections, with options given in
 * code. Files and batches are services on it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHostApi = (options: KimiConfig.Options): Layer.Layer<HostApi.HostApi, ConfigurationError> =>
  HostApi.layerHttp.pipe(Layer.provide(UndiciHttpClient.layer), Layer.provide(KimiConfig.layer(options)))

/**
 * The same with the options of the current `ConfigProvider`, the environment by
 * default. Options in `overrides` win.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHostApiConfig = (
  overrides: Settings.Options = {}
): Layer.Layer<HostApi.HostApi, ConfigurationError> =>
  Layer.unwrap(
    Effect.flatMap(loadSettings(), (Settings) =>
      Effect.map(
        Settings.fromConfig(overrides),
        Settings.provideTo(HostApi.layerHttp.pipe(Layer.provide(UndiciHttpClient.layer)))
      )
    )
  )

/** Pools by their options: configurations with equal ones share a pool, which is closed after its last call. */
const makePools = RcMap.make({ lookup: UndiciHttpClient.make })

/** Compared by value, as all members are. */
const poolOptionsOf = (config: KimiConfig.Values): UndiciHttpClient.Options => ({
  connectTimeout: config.connectTimeout,
  poolTimeout: config.poolTimeout,
  maxConnections: maxConnectionsOf(config),
  proxy: config.proxy
})

/**
 * A client that follows a `LiveConfig`. `Reload` documents the effect of a
 * change. Connections are kept unless `connectTimeout`, `poolTimeout`,
 * `maxConnections` or `proxy` change; `maxConnections` follows the account's
 * concurrency where it is not set.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerReload = (
  clientOptions?: KimiClient.ClientOptions
): Layer.Layer<KimiClient.KimiClient, ConfigurationError, LiveConfig> =>
  Layer.unwrap(
    Effect.map(Effect.all([makePools, loadModule(() => import("../internal/reloadedClient.ts"))]), ([pools, Reload]) =>
      Layer.effect(
        KimiClient.KimiClient,
        Reload.make(
          Layer.provide(
            layerHttpHosts(clientOptions),
            Layer.effect(
              HttpClient.HttpClient,
              Effect.flatMap(KimiConfig.KimiConfig, (config) => RcMap.get(pools, poolOptionsOf(config)))
            )
          )
        )
      ).pipe(Layer.provide(configuredServices.layerLive(nodeRuntime)))
    )
  )

/**
 * A client that follows its configuration files, and their `LiveConfig`, whose
 * events report every change:
 * `KimiNode.layerWatch({ dotEnv: ".env", json: "kimi.json" })`.
 *
 * The environment wins over the `.env` file, and that over the JSON document;
 * options in `overrides` win over all.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWatch = (
  files: ConfigWatch.Options,
  overrides?: Settings.Options,
  clientOptions?: KimiClient.ClientOptions
): Layer.Layer<KimiClient.KimiClient | LiveConfig, ConfigurationError> =>
  Layer.provideMerge(
    layerReload(clientOptions),
    Layer.unwrap(
      Effect.map(
        loadModule(() => import("./internal/watchConfig.ts")),
        (watch) => watch.layer(files, overrides)
      )
    )
  )
