/** The options of a command: from its flags, the environment and files, in this order of precedence. */
import * as ConfigFile from "@kimi-effect/client/node/ConfigFile"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as ConfigSource from "@kimi-effect/core/internal/ConfigSource"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Settings from "@kimi-effect/core/Settings"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Redacted from "effect/Redacted"
import * as InputFile from "./inputFile.ts"
import * as FlagValues from "./flagValues.ts"
import * as IssuePlace from "./issuePlace.ts"
import type { Given } from "./optionFlags.ts"

/** Where the value of an option comes from, such as `environment (KIMI_TIER)`. */
export type Origins = { readonly [N in KimiConfig.Name]?: string }

export interface Configuration {
  readonly settings: Settings.Settings
  readonly origins: Origins
  /** The environment and the files. */
  readonly provider: ConfigProvider.ConfigProvider
}

const userFile = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const { isAbsolute } = yield* Path.Path
  const base = yield* Effect.option(Config.String("XDG_CONFIG_HOME"))
  const home = yield* Effect.option(Config.String("HOME"))
  // The rules of XDG: what is no absolute path is ignored. A file of the working folder is not read unless it is named.
  const folder = Option.orElse(Option.filter(base, isAbsolute), () => Option.map(home, (path) => `${path}/.config`))
  if (Option.isNone(folder)) return undefined
  const path = `${folder.value}/kimi/config.json`
  return (yield* Effect.orElseSucceed(fs.exists(path), () => false)) ? path : undefined
})

const alone = ConfigProvider.fromUnknown({})

const sourcesOf = Effect.fnUntraced(function* (dotEnv: string | undefined, json: string | undefined) {
  const sources: Array<IssuePlace.Source> = [
    { label: "environment", path: undefined, provider: yield* ConfigProvider.ConfigProvider }
  ]
  const files = [
    ["dotEnv", dotEnv],
    ["json", json]
  ] as const
  for (const [kind, path] of files) {
    if (path === undefined) continue
    // It is read for the origins and again for the values: a pipe would be empty then, and its options the defaults.
    yield* InputFile.checkRepeatable(path)
    const provider = yield* Effect.provideService(
      ConfigFile.make({ [kind]: path }),
      ConfigProvider.ConfigProvider,
      alone
    )
    sources.push({ label: `file ${path}`, path, provider })
  }
  return sources
})

const originsOf = Effect.fnUntraced(function* (
  sources: ReadonlyArray<IssuePlace.Source>,
  flags: ReadonlyMap<string, string>
) {
  const origins: { [N in KimiConfig.Name]?: string } = {}
  for (const name of Object.keys(KimiConfig.options) as ReadonlyArray<KimiConfig.Name>) {
    const flag = flags.get(name)
    if (flag !== undefined) origins[name] = flag
    for (const { label, provider } of sources) {
      if (origins[name] !== undefined) break
      const found = yield* Effect.provideService(ConfigSource.lookup(name), ConfigProvider.ConfigProvider, provider)
      if (found !== undefined) origins[name] = `${label} (${found.label})`
    }
  }
  return origins
})

/** What the flags and files of a command contain, with the flags that cannot be used. */
export const gather = Effect.fnUntraced(function* (given: Given) {
  const { issues, origins: flags, overrides } = yield* FlagValues.read(given)
  const json = Option.getOrUndefined(given.config) ?? (yield* userFile)
  const dotEnv = Option.getOrUndefined(given.dotenv)
  const keyFile = Option.getOrUndefined(given.apiKeyFile)
  if (keyFile !== undefined) {
    overrides.apiKey = Redacted.make((yield* InputFile.read(keyFile)).trim())
    flags.set("apiKey", `file ${keyFile}`)
  }
  const sources = yield* sourcesOf(dotEnv, json)
  const origins: Origins = yield* originsOf(sources, flags)
  return {
    // Each override was read in the form of its option.
    overrides: overrides as Settings.Options,
    issues,
    origins,
    sources,
    provider: yield* ConfigFile.make({ dotEnv, json }),
    /** Names the file or the flag from which an unusable value comes. */
    locate: IssuePlace.locate(sources, origins)
  }
})

export type Gathered = Effect.Success<ReturnType<typeof gather>>

/** The same, before the values are checked. Fails with every flag that cannot be used. */
export const read = Effect.fnUntraced(function* (given: Given) {
  const gathered = yield* gather(given)
  return gathered.issues.length > 0 ? yield* Effect.fail(ConfigurationError.of(gathered.issues)) : gathered
})

/** The checked options. The error names where each value comes from. */
export const check = ({ locate, overrides, provider }: Pick<Gathered, "locate" | "overrides" | "provider">) =>
  Settings.fromConfig(overrides).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, provider),
    Effect.catch((error) => Effect.flatMap(locate(error), (located) => Effect.fail(located)))
  )

/** The value of one option, whether others can be used or not; none if it cannot be used. */
export const valueOf = Effect.fnUntraced(function* (
  name: KimiConfig.Name,
  overrides: Settings.Options,
  provider: ConfigProvider.ConfigProvider
) {
  const { fromInput }: { fromInput(value: unknown): Result.Result<unknown, unknown> } = KimiConfig.options[
    name
  ] as never
  return overrides[name] === undefined
    ? yield* KimiConfig.readOption(name).pipe(
        Effect.provideService(ConfigProvider.ConfigProvider, provider),
        Effect.orElseSucceed(() => undefined)
      )
    : Result.getOrUndefined(fromInput(overrides[name]))
})

/** With a key that no host is asked about, where there is none. */
export const withAnyKey = <G extends Pick<Gathered, "origins" | "overrides">>(gathered: G): G =>
  gathered.origins.apiKey === undefined
    ? { ...gathered, overrides: { ...gathered.overrides, apiKey: Redacted.make("none") } }
    : gathered

/** Reads and checks the options of a command. Fails with every option that cannot be used. */
export const load = Effect.fnUntraced(function* (given: Given) {
  const found = yield* read(given)
  const { origins, provider } = found
  return { settings: yield* check(found), origins, provider } satisfies Configuration
})

/** The same for a command that calls no host, and so needs no key. */
export const loadWithoutKey = Effect.fnUntraced(function* (given: Given) {
  const found = withAnyKey(yield* read(given))
  const { origins, provider } = found
  return { settings: yield* check(found), origins, provider } satisfies Configuration
})
