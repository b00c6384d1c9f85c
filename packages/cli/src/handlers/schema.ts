/** Prints the JSON Schema of a command's result. */
import * as Effect from "effect/Effect"
import { UsageError } from "../commandError.ts"
import * as Output from "../output.ts"
import { jsonSchemaOf, schemas } from "../schemas/schemas.ts"

const known = Object.keys(schemas)

const isKnown = (name: string): name is keyof typeof schemas => Object.hasOwn(schemas, name)

/** The subcommands that write JSON, of a command that only has subcommands. */
const namesUnder = (name: string): ReadonlyArray<string> => known.filter((one) => one.startsWith(`${name} `))

const unknown = (name: string): UsageError => {
  const under = namesUnder(name)
  return under.length === 0
    ? new UsageError("No command of this name writes JSON", `Known: ${known.join(", ")}`)
    : new UsageError(`kimi ${name} writes no JSON itself`, `Name a subcommand of it: ${under.join(", ")}`)
}

const flags = ["shared", "stream", "text"] as const

interface Input extends Readonly<Record<(typeof flags)[number], boolean>> {
  readonly command: ReadonlyArray<string>
}

export const run = ({ command, ...given }: Input) => {
  const name = [...command, ...flags.flatMap((flag) => (given[flag] ? [`--${flag}`] : []))].join(" ")
  return isKnown(name)
    ? Output.line(JSON.stringify(jsonSchemaOf(schemas[name]), undefined, 2))
    : Effect.fail(unknown(name))
}
