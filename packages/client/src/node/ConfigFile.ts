/**
 * Options from files: a `.env` file, a JSON document, or both.
 *
 * **Details**
 *
 * - A file is at most 1 MiB of UTF-8, or of UTF-16 with a byte order mark, as
 *   PowerShell writes it. Line ends are those of any system.
 * - A file that is missing, or that contains anything but options, is an error
 *   that names the file and the line and contains nothing of its text. It is
 *   never read as a file without options, because the defaults would send
 *   requests to another host.
 * - A file that every user of the system may change is used with a warning.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { configFileRules } from "./internal/configFileRules.ts"

/**
 * Which files to read. A file that is named must be there.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Path of a file of `NAME=value` lines, such as `.env`. */
  readonly dotEnv?: string | undefined
  /** Path of a JSON document whose member `kimi` holds the options. */
  readonly json?: string | undefined
}

/**
 * Reads the files and puts them behind the current `ConfigProvider`: the
 * environment wins over the `.env` file, and that over the JSON document. The
 * error names every file that cannot be used.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<ConfigProvider.ConfigProvider, ConfigurationError> =>
  Effect.andThen(
    OptionRules.check("ConfigFile", configFileRules(options)),
    Effect.suspend(() =>
      options.dotEnv === undefined && options.json === undefined
        ? ConfigProvider.ConfigProvider
        : Effect.flatMap(
            loadModule(() => import("./internal/configProviders.ts")),
            ({ ConfigHistory, make }) => make(options, new ConfigHistory())
          )
    )
  )

/**
 * The current `ConfigProvider` with the files behind it.
 *
 * Provide it to the layers that read options:
 * `KimiNode.layerConfig().pipe(Layer.provide(ConfigFile.layer({ dotEnv: ".env" })))`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<never, ConfigurationError> =>
  OptionRules.layerOf("ConfigFile", options, (options) => Layer.effect(ConfigProvider.ConfigProvider, make(options)))
