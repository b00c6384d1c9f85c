/** The client of a command, on its configuration. */
import { KimiClient } from "@kimi-effect/client/KimiClient"
import type { HostApi } from "@kimi-effect/client/HostApi"
import * as HostApis from "@kimi-effect/client/HostApi"
import * as HostBatch from "@kimi-effect/client/node/HostBatch"
import * as KimiNode from "@kimi-effect/client/node/KimiNode"
import * as UndiciHttpClient from "@kimi-effect/client/node/UndiciHttpClient"
import * as Settings from "@kimi-effect/core/Settings"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as configuration from "./configuration.ts"
import type { Given } from "./optionFlags.ts"

/** The client with the options of a command. */
export const layer = (given: Given) =>
  Layer.unwrap(
    Effect.map(configuration.read(given), ({ overrides, provider }) =>
      Layer.provide(KimiNode.layerConfig(overrides), Layer.succeed(ConfigProvider.ConfigProvider, provider))
    )
  )

/** Uses the client with the options of a command. */
export const withClient = <A, E, R>(given: Given, use: (kimi: KimiClient["Service"]) => Effect.Effect<A, E, R>) =>
  Effect.provide(Effect.flatMap(KimiClient, use), layer(given))

/** Requests that call no model, with the options of a command. */
export const layerHostApi = (given: Given) =>
  Layer.unwrap(
    Effect.map(configuration.load(given), ({ settings }) =>
      Settings.provideTo(HostApis.layerHttp.pipe(Layer.provide(UndiciHttpClient.layer)))(settings)
    )
  ) satisfies Layer.Layer<HostApi, unknown, unknown>

/** Batches that the host runs, with the options of a command. */
export const layerHostBatch = (given: Given) =>
  Layer.unwrap(
    Effect.map(configuration.read(given), ({ overrides, provider }) =>
      Layer.provide(HostBatch.layerConfig(overrides), Layer.succeed(ConfigProvider.ConfigProvider, provider))
    )
  )
