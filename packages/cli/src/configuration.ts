/** The options of a command: from its flags, the environment and files, in this order of precedence. */
import * as ConfigFile from "@kimi-effect/client/node/ConfigFile"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as ConfigSource from "@kimi-effect/core/internal/ConfigSource"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Settings from "@kimi-effect/core/Settings"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Redacted from "effect/Redacted"
import * as InputFile from "./inputFile.ts"
import * as FlagValues from "./flagValues.ts"
import * as IssuePlace from "./issuePlace.ts"
import * as KeyFile from "./keyFile.ts"
import type { Given } from "./optionFlags.ts"
import * as UserFile from "./userFile.ts"

/** Where the value of an option comes from, such as `environment (KIMI_TIER)`. */
export type Origins = { readonly [N in KimiConfig.Name]?: string }

export interface Configuration {
  readonly settings: Settings.Settings
  readonly origins: Origins
  /** The environment and the files. */
  readonly provider: ConfigProvider.ConfigProvider
}

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

/** Where one option comes from: its flag, or the first source that has it. */
export const originOf = Effect.fnUntraced(function* (
  name: KimiConfig.Name,
  { flags, sources }: Pick<Gathered, "flags" | "sources">
) {
  const flag = flags.get(name)
  if (flag !== undefined) return flag
  for (const { label, provider } of sources) {
    const found = yield* ConfigSource.lookup(provider, name)
    if (found !== undefined) return `${label} (${found.label})`
  }
  return undefined
})

/** The same for every option. Few commands show it. */
export const originsOf = Effect.fnUntraced(function* (gathered: Pick<Gathered, "flags" | "sources">) {
  const origins: { [N in KimiConfig.Name]?: string } = {}
  for (const name of Object.keys(KimiConfig.options) as ReadonlyArray<KimiConfig.Name>) {
    const origin = yield* originOf(name, gathered)
    if (origin !== undefined) origins[name] = origin
  }
  return origins satisfies Origins
})

/** A key that no host is asked about. */
const noKey = Redacted.make("none")

/** What the flags and files of a command contain, with the flags that cannot be used. */
export const gather = Effect.fnUntraced(function* (given: Given) {
  const { issues: flagIssues, origins: flags, overrides } = yield* FlagValues.read(given)
  const issues = [...flagIssues]
  const json = Option.getOrUndefined(given.config) ?? (yield* UserFile.find)
  const dotEnv = Option.getOrUndefined(given.dotenv)
  const keyFile = Option.getOrUndefined(given.apiKeyFile)
  if (keyFile !== undefined) {
    const key = yield* KeyFile.read(keyFile)
    if (Result.isFailure(key)) issues.push(key.failure)
    // With an issue, no command uses the key.
    overrides.apiKey = Result.getOrElse(key, () => noKey)
    flags.set("apiKey", `file ${keyFile}`)
  }
  const sources = yield* sourcesOf(dotEnv, json)
  return {
    // Each override was read in the form of its option.
    overrides: overrides as Settings.Options,
    issues,
    /** The flag of each option that one has set, also of those that cannot be used. */
    flags: flags as ReadonlyMap<string, string>,
    sources,
    provider: yield* ConfigFile.make({ dotEnv, json }),
    /** Names the file or the flag from which an unusable value comes. */
    locate: IssuePlace.locate(sources, flags)
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

/** With a key where there is none, for commands that ask no host. */
export const withAnyKey = (gathered: Gathered): Effect.Effect<Gathered> =>
  Effect.map(originOf("apiKey", gathered), (origin) =>
    origin === undefined ? { ...gathered, overrides: { ...gathered.overrides, apiKey: noKey } } : gathered
  )

/** Reads and checks the options of a command. Fails with every option that cannot be used. */
export const load = Effect.fnUntraced(function* (given: Given) {
  const found = yield* gather(given)
  const checked = yield* Effect.result(check(found))
  const issues = [...found.issues, ...(Result.isFailure(checked) ? checked.failure.issues : [])]
  if (issues.length > 0) return yield* Effect.fail(ConfigurationError.of(issues))
  return {
    settings: yield* Effect.fromResult(checked),
    origins: yield* originsOf(found),
    provider: found.provider
  } satisfies Configuration
})

/** The same for a command that calls no host, and so needs no key. */
export const loadWithoutKey = Effect.fnUntraced(function* (given: Given) {
  const found = yield* withAnyKey(yield* read(given))
  return { settings: yield* check(found), provider: found.provider }
})
