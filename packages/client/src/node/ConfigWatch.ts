/**
 * A configuration that follows its files: a `.env` file, a JSON document, or
 * both, behind the environment.
 *
 * **Details**
 *
 * - A change is read when the files have been left alone for a moment. A file
 *   that is written half, missing or wrong changes nothing: the last good
 *   configuration stays, and an event says why.
 * - Files that are replaced by renaming are followed, as are those of a mounted
 *   Kubernetes volume. Where changes are not told, as on network file systems,
 *   the files are read every 30 seconds all the same.
 *
 * **Gotchas**
 *
 * - An empty `.env` file is a valid one. Write to another file and rename it,
 *   so that nobody ever reads one that is not complete.
 *
 * @since 0.1.0
 */
import { basename, dirname, resolve } from "node:path"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as LiveConfig from "@kimi-effect/core/LiveConfig"
import * as Settings from "@kimi-effect/core/Settings"
import * as ConfigProvider from "effect/ConfigProvider"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as ConfigFile from "./ConfigFile.ts"
import * as folderChanges from "./internal/folderChanges.ts"

/**
 * Which files to follow, and how.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends ConfigFile.Options, LiveConfig.RefreshOptions {
  /** How long to wait after a change before the files are read. Defaults to 100 milliseconds. */
  readonly debounce?: Duration.Input | undefined
  /** Time between two reads, whether a change was told or not. Defaults to 30 seconds. */
  readonly interval?: Duration.Input | undefined
}

/** The names of files by their folders. */
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
 * Reads the files, and reads them again whenever they change, as long as the
 * scope lives. Options in `overrides` win.
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
      ...ConfigFile.rulesOf(options)
    ])
    const behind = yield* ConfigProvider.ConfigProvider
    // Before the files are read for the first time, so that no change falls between.
    const changes = yield* folderChanges.make(groupByFolder(options))
    const live = yield* LiveConfig.make((set) =>
      Effect.flatMap(
        Effect.provideService(ConfigFile.make(options), ConfigProvider.ConfigProvider, behind),
        (provider) =>
          Effect.provideService(Settings.fromConfig({ ...overrides, ...set }), ConfigProvider.ConfigProvider, provider)
      )
    )
    yield* Queue.take(changes).pipe(
      Effect.andThen(Effect.sleep(debounce)),
      // What came in the meantime is about to be read.
      Effect.andThen(Queue.clear(changes)),
      Effect.andThen(Effect.ignore(live.reload)),
      Effect.forever,
      Effect.forkScoped
    )
    yield* LiveConfig.refresh(live, interval)
    return live
  })

/**
 * The configuration of files, which is followed as long as the layer lives.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options,
  overrides?: Settings.Options
): Layer.Layer<LiveConfig.LiveConfig, ConfigurationError> =>
  Layer.effect(LiveConfig.LiveConfig, make(options, overrides))
