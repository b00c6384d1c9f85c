/** Makes the configuration of `ConfigWatch`. It is loaded by the first one. */
import { basename, dirname, resolve } from "node:path"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as LiveConfig from "@kimi-effect/core/LiveConfig"
import * as Settings from "@kimi-effect/core/Settings"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type * as ConfigFile from "../ConfigFile.ts"
import type { Options } from "../ConfigWatch.ts"
import { configFileRules } from "./configFileRules.ts"
import * as configProviders from "./configProviders.ts"
import * as folderChanges from "./folderChanges.ts"

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

/** The configuration as a layer. */
export const layer = (
  options: Options,
  overrides?: Settings.Options
): Layer.Layer<LiveConfig.LiveConfig, ConfigurationError> =>
  OptionRules.layerOf("ConfigWatch", options, (options) =>
    Layer.effect(LiveConfig.LiveConfig, make(options, overrides))
  )
