/** Flags of the options in the table of `KimiConfig`, and of the files that hold options. */
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Flag from "effect/cli/Flag"
import type * as Option from "effect/Option"
import { pathFlag } from "./pathParams.ts"
import { wordFlag } from "./wordFlags.ts"

/** The options with a separate flag. `--set` sets any other. */
export const flagNames = [
  "provider",
  "baseUrl",
  "model",
  "account",
  "tier",
  "proxy",
  "fallback",
  "totalTimeout",
  "maxAttempts",
  "cache",
  "budget",
  "budgetStore",
  "logLevel"
] as const satisfies ReadonlyArray<KimiConfig.Name>

type FlagName = (typeof flagNames)[number]

/** `baseUrl` → `base-url` */
export const flagOf = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

const wordsOf = (name: FlagName): ReadonlyArray<string> | undefined => {
  const { words }: { readonly words?: ReadonlyArray<string> | undefined } = KimiConfig.options[name]
  return words
}

/** Descriptions are Markdown for the documentation. The help lists words itself. */
const describe = (name: FlagName): string => {
  const { description, expected } = KimiConfig.options[name]
  const text = description.replaceAll("`", "")
  return wordsOf(name) === undefined ? `${text} Form: ${expected}.` : text
}

/** An option has the same rule, whether a flag or a variable sets it: the library's. */
const flagFor = (name: FlagName): Flag.Flag<string> => {
  const words = wordsOf(name)
  return words === undefined ? Flag.String(flagOf(name)) : wordFlag(flagOf(name), words)
}

const flags = Object.fromEntries(
  flagNames.map((name) => [
    name,
    flagFor(name).pipe(Flag.withDescription(describe(name)), Flag.withMetavar("value"), Flag.optional)
  ])
) as { readonly [N in FlagName]: Flag.Flag<Option.Option<string>> }

/** What the flags of options were given. */
export interface Given {
  readonly flags: { readonly [N in FlagName]: Option.Option<string> }
  readonly set: Option.Option<Record<string, string>>
  readonly config: Option.Option<string>
  readonly dotenv: Option.Option<string>
  readonly apiKeyFile: Option.Option<string>
}

/** The flags of every command that reads the configuration. */
export const optionFlags = {
  flags,
  set: Flag.KeyValuePair("set").pipe(
    Flag.withDescription("Sets any other option by its name, such as --set idleTimeout='90 seconds'."),
    Flag.optional
  ),
  config: pathFlag("config").pipe(
    Flag.withDescription(
      "JSON document whose member kimi holds options. Defaults to ~/.config/kimi/config.json where it exists."
    ),
    Flag.withMetavar("file"),
    Flag.optional
  ),
  // Not --env-file: Node reads the file of that flag itself, applies its NODE_OPTIONS, and ends with 9 without it.
  dotenv: pathFlag("dotenv").pipe(
    Flag.withDescription("File of NAME=value lines with KIMI_ variables."),
    Flag.withMetavar("file"),
    Flag.optional
  ),
  apiKeyFile: pathFlag("api-key-file").pipe(
    Flag.withDescription("File that holds the API key and nothing else. The key itself is never an argument."),
    Flag.withMetavar("file"),
    Flag.optional
  )
}

/** Whether the result is JSON. */
export const jsonFlag = Flag.Boolean("json").pipe(
  Flag.withDescription("Writes the result as JSON; kimi schema describes its form."),
  Flag.withDefault(false)
)
