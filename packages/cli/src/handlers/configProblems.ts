/** Values of the configuration that cannot be used, as rows of `kimi config`. */
import type { ConfigurationIssue } from "@kimi-effect/core/ConfigurationErrors"
import * as ConfigSource from "@kimi-effect/core/internal/ConfigSource"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import type { Gathered, Origins } from "../configuration.ts"
import { entriesOf } from "../flagValues.ts"
import * as KeyFile from "../keyFile.ts"
import type { Given } from "../optionFlags.ts"
import type { ConfigOptions } from "../schemas/config.ts"
import { unusableText } from "./shownValue.ts"

type Issue = typeof ConfigurationIssue.Type

type Row = ConfigOptions["options"][number]

const names = Object.keys(KimiConfig.options) as ReadonlyArray<KimiConfig.Name>

/** What a command was given, with where it comes from. */
type Found = Gathered & { readonly origins: Origins }

/** Whether an issue is one of a name, or of a place within its value. */
const isOf = (issue: string, name: string): boolean => issue === name || /^[.[ ]/.test(issue.slice(name.length))

const begins = (issue: string, name: string): boolean => issue.startsWith(name) && isOf(issue, name)

/** The name under which an option was given, or under which it can be set. */
const labelOf = (origins: Origins, name: KimiConfig.Name): string => {
  const origin = origins[name] ?? ""
  const [, member] = /\(([^()]*)\)$/.exec(origin) ?? []
  if (origin.startsWith("flag ")) return origin.replace("flag ", "")
  if (member === undefined && origin.startsWith("file ")) return KeyFile.labelOf(origin.replace("file ", ""))
  return member ?? KimiConfig.variableName(name)
}

/** The option of an issue; its own name where it is of none, such as a misspelt member of a file. */
const optionOf = ({ name }: Issue, origins: Origins): string =>
  names.find((option) => begins(name, labelOf(origins, option))) ?? name.replace(/^--(?:set )?/, "")

/** What the first source has for the option. */
const given = Effect.fnUntraced(function* (name: KimiConfig.Name, { sources }: Found) {
  for (const { provider } of sources) {
    const found = yield* ConfigSource.lookup(provider, name)
    if (found !== undefined) return found.data
  }
  return undefined
})

/** The row of one issue. */
const rowOf = Effect.fnUntraced(function* (
  option: string,
  { expected }: Issue,
  gathered: Found,
  flag: { readonly label: string; readonly text: string } | undefined
): Effect.fn.Return<Row> {
  if (flag !== undefined) {
    return { name: option, value: unusableText(option, flag.text), origin: `flag ${flag.label}`, expected }
  }
  const known = names.find((name) => name === option)
  if (known === undefined) {
    const [name = option, file] = option.split(" in ", 2)
    // What is in no file is a variable.
    return { name, value: null, origin: file === undefined ? `environment (${name})` : `file ${file}`, expected }
  }
  const value = yield* given(known, gathered)
  const text = value === undefined ? null : unusableText(known, value)
  return { name: known, value: text, origin: gathered.origins[known] ?? "default", expected }
})

/** A row for each option that cannot be used. */
export const unusable = Effect.fnUntraced(function* (issues: ReadonlyArray<Issue>, gathered: Found, flags: Given) {
  const ofFlags = new Map(entriesOf(flags).map(([name, label, text]) => [name, { label, text }]))
  const rows = new Map<string, Row>()
  for (const issue of issues) {
    const option = optionOf(issue, gathered.origins)
    const row = yield* rowOf(option, issue, gathered, ofFlags.get(option))
    const earlier = rows.get(option)?.expected
    rows.set(option, { ...row, expected: earlier === undefined ? issue.expected : `${earlier}; ${issue.expected}` })
  }
  return [...rows.values()]
})
