/** The options that flags set. */
import type { ConfigurationIssue } from "@kimi-effect/core/ConfigurationErrors"
import { nearestTo } from "@kimi-effect/core/internal/NearestName"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { wrongFlag } from "./commandError.ts"
import { flagOf, type Given } from "./optionFlags.ts"

type Overrides = Partial<Record<KimiConfig.Name, unknown>>

type Issue = typeof ConfigurationIssue.Type

/** What every user of the system can see while the command runs. */
export const secretNames: ReadonlySet<string> = new Set(["apiKey", "headers", "redisPassword"])
/** A URL with a user, or a fallback step with a key. */
export const hasCredentials = (text: string): boolean => /:\/\/[^/?#]*@|apiKey/.test(text)

export const isName = (name: string): name is KimiConfig.Name => Object.hasOwn(KimiConfig.options, name)

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

interface Read {
  readonly overrides: Overrides
  /** The flag of each option, also of those that cannot be used. */
  readonly origins: Map<string, string>
  readonly issues: ReadonlyArray<Issue>
}

/** The flags of options, by the name of the option: its name, the flag, and the text. */
export const entriesOf = (given: Given): ReadonlyArray<readonly [name: string, label: string, text: string]> => [
  ...Object.entries(given.flags).flatMap(([name, value]) =>
    Option.isSome(value) ? [[name, `--${flagOf(name)}`, value.value] as const] : []
  ),
  ...Object.entries(Option.getOrElse(given.set, () => ({}))).map(
    ([name, value]) => [name, `--set ${name}`, value] as const
  )
]

/** The options that flags set, with the flag of each. Fails if two flags set one option. */
export const read = (given: Given) =>
  Effect.suspend(() => {
    const entries = entriesOf(given)
    const overrides: Record<string, unknown> = {}
    const origins = new Map<string, string>()
    const issues: Array<Issue> = []
    for (const [name, label, text] of entries) {
      const other = origins.get(name)?.replace("flag ", "")
      // One of the two would win without a word.
      if (other !== undefined) return Effect.fail(wrongFlag(label, `no ${other} with it, which sets the same option`))
      origins.set(name, `flag ${label}`)
      const read = fromFlag(name, label, text)
      if (Result.isFailure(read)) issues.push(...read.failure)
      else overrides[name] = read.success
    }
    const result: Read = { overrides, origins, issues }
    return Effect.succeed(result)
  })
