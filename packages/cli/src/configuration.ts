/** The options of a command: from its flags, the environment and files, in this order of precedence. */
import * as ConfigFile from "@kimi-effect/client/node/ConfigFile"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as ConfigSource from "@kimi-effect/core/internal/ConfigSource"
import { nearestTo } from "@kimi-effect/core/internal/NearestName"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Settings from "@kimi-effect/core/Settings"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as InputFile from "./inputFile.ts"
import { flagOf, type Given } from "./optionFlags.ts"

type Overrides = Partial<Record<KimiConfig.Name, unknown>>

/** Where the value of an option comes from, such as `environment (KIMI_TIER)`. */
export type Origins = { readonly [N in KimiConfig.Name]?: string }

export interface Configuration {
  readonly settings: Settings.Settings
  readonly origins: Origins
  /** The environment and the files. */
  readonly provider: ConfigProvider.ConfigProvider
}

type Issue = typeof ConfigurationError.Type.issues extends ReadonlyArray<infer I> ? I : never

/** What every user of the system can see while the command runs. */
const secretNames: ReadonlySet<string> = new Set(["apiKey", "headers", "redisPassword"])
/** A URL with a user, or a fallback step with a key. */
const hasCredentials = (text: string): boolean => /:\/\/[^/?#]*@|apiKey/.test(text)

const isName = (name: string): name is KimiConfig.Name => Object.hasOwn(KimiConfig.options, name)

const fromFlag = (name: string, label: string, text: string): Result.Result<unknown, ReadonlyArray<Issue>> => {
  if (!isName(name)) {
    const nearest = nearestTo(name.slice(0, 100), Object.keys(KimiConfig.options))
    const meant = nearest === undefined ? "" : `; did you mean ${nearest}?`
    return Result.fail([{ name: label, expected: `the name of an option, which kimi config --all lists${meant}` }])
  }
  if (secretNames.has(name) || hasCredentials(text)) {
    const variable = KimiConfig.variableName(name)
    return Result.fail([{ name: label, expected: `no secrets on the command line: use ${variable} or a file` }])
  }
  if (text.trim() === "") {
    // Such as a variable of a script that is not set: a budget, for one, would be none without a word.
    return Result.fail([{ name: label, expected: KimiConfig.options[name].expected }])
  }
  return Result.mapError(
    KimiConfig.options[name].fromSource(text) as Result.Result<
      unknown,
      ReadonlyArray<{ readonly at: string; readonly expected: string }>
    >,
    (problems) => problems.map(({ at, expected }) => ({ name: `${label}${at}`, expected }))
  )
}

/** The options that flags set, with the flag of each. */
const readFlags = (
  given: Given
): Effect.Effect<{ readonly overrides: Overrides; readonly origins: Map<string, string> }, ConfigurationError> =>
  Effect.suspend(() => {
    const entries = [
      ...Object.entries(given.flags).flatMap(([name, value]) =>
        Option.isSome(value) ? [[name, `--${flagOf(name)}`, value.value] as const] : []
      ),
      ...Object.entries(Option.getOrElse(given.set, () => ({}))).map(
        ([name, value]) => [name, `--set ${name}`, value] as const
      )
    ]
    const overrides: Record<string, unknown> = {}
    const origins = new Map<string, string>()
    const issues: Array<Issue> = []
    for (const [name, label, text] of entries) {
      const read = fromFlag(name, label, text)
      if (Result.isFailure(read)) issues.push(...read.failure)
      else {
        overrides[name] = read.success
        origins.set(name, `flag ${label}`)
      }
    }
    return issues.length > 0 ? Effect.fail(ConfigurationError.of(issues)) : Effect.succeed({ overrides, origins })
  })

const userFile = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const base = yield* Effect.option(Config.String("XDG_CONFIG_HOME"))
  const home = yield* Effect.option(Config.String("HOME"))
  const folder = Option.orElse(base, () => Option.map(home, (path) => `${path}/.config`))
  if (Option.isNone(folder)) return undefined
  const path = `${folder.value}/kimi/config.json`
  return (yield* Effect.orElseSucceed(fs.exists(path), () => false)) ? path : undefined
})

interface Source {
  readonly label: string
  readonly provider: ConfigProvider.ConfigProvider
}

const alone = ConfigProvider.fromUnknown({})

const sourcesOf = Effect.fnUntraced(function* (dotEnv: string | undefined, json: string | undefined) {
  const sources: Array<Source> = [{ label: "environment", provider: yield* ConfigProvider.ConfigProvider }]
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
    sources.push({ label: `file ${path}`, provider })
  }
  return sources
})

const originsOf = Effect.fnUntraced(function* (sources: ReadonlyArray<Source>, flags: ReadonlyMap<string, string>) {
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

/** What the flags and files of a command contain, before it is checked. */
export const read = Effect.fnUntraced(function* (given: Given) {
  const { origins: flags, overrides } = yield* readFlags(given)
  const json = Option.getOrUndefined(given.config) ?? (yield* userFile)
  const dotEnv = Option.getOrUndefined(given.dotenv)
  const keyFile = Option.getOrUndefined(given.apiKeyFile)
  if (keyFile !== undefined) {
    overrides.apiKey = Redacted.make((yield* InputFile.read(keyFile)).trim())
    flags.set("apiKey", `file ${keyFile}`)
  }
  const sources = yield* sourcesOf(dotEnv, json)
  const origins: Origins = yield* originsOf(sources, flags)
  // Each override was read in the form of its option.
  return { overrides: overrides as Settings.Options, origins, provider: yield* ConfigFile.make({ dotEnv, json }) }
})

/** Reads and checks the options of a command. Fails with every option that cannot be used. */
export const load = Effect.fnUntraced(function* (given: Given) {
  const { origins, overrides, provider } = yield* read(given)
  const settings = yield* Effect.provideService(Settings.fromConfig(overrides), ConfigProvider.ConfigProvider, provider)
  return { settings, origins, provider } satisfies Configuration
})

/** The same for a command that calls no host, and so needs no key. */
export const loadWithoutKey = Effect.fnUntraced(function* (given: Given) {
  const { origins, overrides, provider } = yield* read(given)
  const options = origins.apiKey === undefined ? { ...overrides, apiKey: Redacted.make("none") } : overrides
  const settings = yield* Effect.provideService(Settings.fromConfig(options), ConfigProvider.ConfigProvider, provider)
  return { settings, origins, provider } satisfies Configuration
})
