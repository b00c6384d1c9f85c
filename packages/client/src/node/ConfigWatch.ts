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
import { basename, dirname, resolve } from "node:path"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as LiveConfig from "@kimi-effect/core/LiveConfig"
import * as Settings from "@kimi-effect/core/Settings"
import * as ConfigProvider from "effect/ConfigProvider"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type * as ConfigFile from "./ConfigFile.ts"
import { configFileRules } from "./internal/configFileRules.ts"
import * as configProviders from "./internal/configProviders.ts"
import * as folderChanges from "./internal/folderChanges.ts"

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

/** File names by folder. */
const groupByFolder = ({ dotEnv, json }: ConfigFile.Options): ReadonlyMap<string, ReadonlySet<string>> => {
  const folders = new Map<string, Set<string>>()
  for (const file of [dotEnv, json]) {
    if (file === undefined) continue
    const folder = dirname(resolve(file))
    folders.set(folder, (folders.get(folder) ?? new Set()).add(basename(file)))
  }
  return folders
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
  Effect.gen(function* () {
    const { interval = "30 seconds", debounce = "100 millis" } = options
    yield* OptionRules.check("ConfigWatch", [
      OptionRules.finiteDuration("debounce", debounce),
      ...configFileRules(options)
    ])
    const fallbackProvider = yield* ConfigProvider.ConfigProvider
    // Watching starts before the first read, so that no change is missed.
    const changes = yield* folderChanges.make(groupByFolder(options))
    const history = new configProviders.ConfigHistory()
    const warn = KimiConfig.makeUnknownVariablesWarning()
    const live = yield* LiveConfig.make((set) =>
      Effect.flatMap(
        Effect.provideService(configProviders.make(options, history), ConfigProvider.ConfigProvider, fallbackProvider),
        (provider) =>
          Effect.provideService(
            Effect.andThen(warn, Settings.fromConfig({ ...overrides, ...set })),
            ConfigProvider.ConfigProvider,
            provider
          )
      )
    )
    yield* Queue.take(changes).pipe(
      Effect.andThen(Effect.sleep(debounce)),
      // Changes that were reported meanwhile are about to be read.
      Effect.andThen(Queue.clear(changes)),
      Effect.andThen(Effect.ignore(live.reload)),
      Effect.forever,
      Effect.forkScoped
    )
    yield* LiveConfig.refresh(live, interval)
    return live
  })

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
  OptionRules.layerOf("ConfigWatch", options, (options) =>
    Layer.effect(LiveConfig.LiveConfig, make(options, overrides))
  )
