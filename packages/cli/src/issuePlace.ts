/** Where the value that an issue of the configuration names comes from. */
import { ConfigurationError, type ConfigurationIssue } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as ConfigSource from "@kimi-effect/core/internal/ConfigSource"
import type * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** The environment, or a file. */
export interface Source {
  readonly label: string
  /** Undefined for the environment. */
  readonly path: string | undefined
  readonly provider: ConfigProvider.ConfigProvider
}

type Issue = typeof ConfigurationIssue.Type

/**
 * The path of a variable, or of a member of the object `kimi`, whose members can be variables in lower case too.
 * What follows it is a place within its value.
 */
const pathOf = (name: string): ReadonlyArray<string> | undefined => {
  const [, member, variable] = /^(?:kimi\.([^.[\s]+)|([A-Z][A-Z\d_]*|kimi_\w+)(?![\w.]))/.exec(name) ?? []
  if (member !== undefined) return ["kimi", member]
  return variable === undefined ? undefined : [variable]
}

/** The source of what an issue names: the first that has it, as for its value. */
export const sourceOf = Effect.fnUntraced(function* (sources: ReadonlyArray<Source>, name: string) {
  const path = pathOf(name)
  if (path === undefined) return undefined
  for (const source of sources) {
    const found = yield* ConfigSource.load(source.provider, path)
    if (Option.isNone(found) || (found.value !== undefined && found.value !== "")) return source
  }
  return undefined
})

/** An option that a flag has set is named by the flag. */
const flagOf = (name: string, flags: ReadonlyMap<string, string>): string | undefined => {
  const [, option = "", rest = ""] = /^(\w+)(.*)$/s.exec(name) ?? []
  const origin = flags.get(option) ?? ""
  return origin.startsWith("flag ") ? `${origin.replace("flag ", "")}${rest}` : undefined
}

const names = Object.keys(KimiConfig.options) as ReadonlyArray<KimiConfig.Name>

/** The option of a variable, as a part of the library names an option whose value it cannot use. */
const optionOf = (name: string): readonly [name: KimiConfig.Name, rest: string] | undefined => {
  const [, variable, rest = ""] = /^([A-Z][A-Z\d_]*)((?:[.[].*)?)$/s.exec(name) ?? []
  const option = names.find((option) => KimiConfig.variableName(option) === variable)
  return option === undefined ? undefined : [option, rest]
}

/** Where the option of a variable is set: by a flag, or in the first source that has it. */
const placeOf = Effect.fnUntraced(function* (
  sources: ReadonlyArray<Source>,
  flags: ReadonlyMap<string, string>,
  variable: string
) {
  const [option, rest = ""] = optionOf(variable) ?? []
  if (option === undefined) return undefined
  const flag = flagOf(option, flags)
  if (flag !== undefined) return `${flag}${rest}`
  for (const { path, provider } of sources) {
    const found = yield* ConfigSource.lookup(provider, option)
    if (found !== undefined) return `${found.label}${rest}${path === undefined ? "" : ` in ${path}`}`
  }
  return undefined
})

/** Names the file of each value that a file has, and the flag of each that a flag has set. */
export const locate =
  (sources: ReadonlyArray<Source>, flags: ReadonlyMap<string, string>) =>
  (error: ConfigurationError): Effect.Effect<ConfigurationError> =>
    Effect.map(
      Effect.forEach(
        error.issues,
        Effect.fnUntraced(function* ({ expected, name }): Effect.fn.Return<Issue> {
          const flag = flagOf(name, flags)
          if (flag !== undefined) return { name: flag, expected }
          const place = yield* placeOf(sources, flags, name)
          if (place !== undefined) return { name: place, expected }
          const path = (yield* sourceOf(sources, name))?.path
          return { name: path === undefined ? name : `${name} in ${path}`, expected }
        })
      ),
      ConfigurationError.of
    )
