/**
 * The client for Node: `KimiClient` on a pool of connections.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/errors/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Layer from "effect/Layer"
import * as KimiClient from "../KimiClient.ts"
import * as UndiciHttpClient from "./UndiciHttpClient.ts"

const onUndici = (extras: KimiClient.Extras | undefined) =>
  Layer.provide(KimiClient.layerHttp(extras), UndiciHttpClient.layer)

/**
 * The client with options given in code.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: KimiConfig.Options,
  extras?: KimiClient.Extras
): Layer.Layer<KimiClient.KimiClient, ConfigurationError> => Layer.provide(onUndici(extras), KimiConfig.layer(options))

/**
 * The client with the options of the current `ConfigProvider`, the environment
 * by default. Options in `overrides` win.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  overrides: KimiConfig.Options = {},
  extras?: KimiClient.Extras
): Layer.Layer<KimiClient.KimiClient, ConfigurationError> =>
  Layer.provide(onUndici(extras), KimiConfig.layerConfig(overrides))
