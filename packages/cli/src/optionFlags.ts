/** Flags of options of the client, and of the files that hold options. */
import * as Flag from "effect/cli/Flag"
import * as Param from "effect/cli/Param"
import * as Primitive from "effect/cli/Primitive"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describedPrimitive } from "./describedPrimitive.ts"
import { type FlagName, type OptionText, optionTexts } from "./optionTexts.ts"
import { pathFlag } from "./pathParams.ts"
import { wordFlag } from "./wordFlags.ts"

/** `baseUrl` → `base-url` */
export const flagOf = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** An option has the same rule, whether a flag or a variable sets it: the library's. */
const flagFor = (name: string, { description, words }: OptionText) => {
  const flag = words === undefined ? Flag.String(flagOf(name)) : wordFlag(flagOf(name), words)
  return flag.pipe(Flag.withDescription(description), Flag.withMetavar("value"), Flag.optional)
}

const flags = Object.fromEntries(Object.entries(optionTexts).map(([name, text]) => [name, flagFor(name, text)])) as {
  readonly [N in FlagName]: Flag.Flag<Option.Option<string>>
}

/** What the flags of options were given. */
export interface Given {
  readonly flags: { readonly [N in FlagName]: Option.Option<string> }
  readonly set: Option.Option<Record<string, string>>
  readonly config: Option.Option<string>
  readonly dotenv: Option.Option<string>
  readonly apiKeyFile: Option.Option<string>
}

/** Whether a command needs its flags of options again, to do the same as before. */
export const isGiven = ({ flags, ...files }: Given): boolean =>
  [...Object.values(flags), ...Object.values(files)].some((one: Option.Option<unknown>) => Option.isSome(one))

/** `NAME=` is the name with an empty value, as `--NAME=` is: `Primitive.KeyValuePair` alone would refuse it as no pair. */
const named: Primitive.Primitive<Record<string, string>> = Object.assign(
  Object.create(Object.getPrototypeOf(Primitive.KeyValuePair)),
  Primitive.KeyValuePair,
  {
    parse: (text: string) => {
      const name = /^([^=]+)=$/.exec(text)?.[1]
      return name === undefined ? Primitive.KeyValuePair.parse(text) : Effect.succeed({ [name]: "" })
    }
  }
)

const pair = describedPrimitive(named, "the name of an option with its value, such as tier=2")

/** The flags of every command that reads the configuration. */
export const optionFlags = {
  flags,
  set: Param.makeSingle({ kind: Param.flagKind, name: "set", primitiveType: pair }).pipe(
    Flag.atLeast(1),
    Flag.map((pairs): Record<string, string> => Object.fromEntries(pairs.flatMap(Object.entries))),
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
