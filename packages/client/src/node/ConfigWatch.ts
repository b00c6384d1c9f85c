/**
 * A configuration that is reloaded when its files change: a `.env` file, a JSON
 * document, or both. The environment takes precedence over them.
 *
 * **Details**
 *
 * - Files are read when they have not changed for `debounce`. A file that is
 *   incomplete, missing or invalid changes nothing: the last valid configuration
 *   stays, and an event gives the reason.
 * - Files that are replaced by renaming are followed, as are those of a mounted
 *   Kubernetes volume. The files are also read every 30 seconds, for network
 *   file systems that do not report changes.
 *
 * **Gotchas**
 *
 * - A `.env` file that becomes empty is rejected as incomplete; to set nothing,
 *   leave a comment in it. Write to a temporary file and rename it, so that an
 *   incomplete one is never read.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type * as LiveConfig from "@kimi-effect/core/LiveConfig"
import type * as Settings from "@kimi-effect/core/Settings"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as ConfigFile from "./ConfigFile.ts"

/**
 * The files to watch, and how.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends ConfigFile.Options, LiveConfig.RefreshOptions {
  /** How long to wait after a change before the files are read. Defaults to 100 milliseconds. */
  readonly debounce?: Duration.Input | undefined
  /** Interval at which the files are read, whether or not a change was reported. Defaults to 30 seconds. */
  readonly interval?: Duration.Input | undefined
}

/**
 * Reads the files, and reads them again whenever they change, until the scope
 * closes. Options in `overrides` take precedence.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options,
  overrides: Settings.Options = {}
): Effect.Effect<LiveConfig.LiveConfig["Service"], ConfigurationError, Scope.Scope> =>
  Effect.flatMap(
    loadModule(() => import("./internal/watchConfig.ts")),
    ({ make }) => make(options, overrides)
  )

/**
 * The configuration of files, which are watched as long as the layer exists.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options,
  overrides?: Settings.Options
): Layer.Layer<LiveConfig.LiveConfig, ConfigurationError> =>
  Layer.unwrap(
    Effect.map(
      loadModule(() => import("./internal/watchConfig.ts")),
      ({ layer }) => layer(options, overrides)
    )
  )
