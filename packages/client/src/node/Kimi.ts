/**
 * Kimi with promises, on Node's pool of connections: all of
 * `@kimi-effect/client/promise/Kimi`, with every store and log that the options
 * turn on.
 *
 * @since 0.1.0
 */
import type * as KimiClient from "../KimiClient.ts"
import { fromLayer, type Kimi, type Options, toSettings } from "../promise/Kimi.ts"
import * as KimiNode from "./KimiNode.ts"

export * from "../promise/Kimi.ts"

/**
 * The client on a pool of connections. Nothing is read or opened before the
 * first call.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options?: Options, clientOptions?: KimiClient.ClientOptions): Kimi =>
  fromLayer(KimiNode.layerConfig(toSettings(options), clientOptions))
