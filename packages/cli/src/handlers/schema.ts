/** Prints the JSON Schema of a command's result. */
import * as Effect from "effect/Effect"
import { UsageError } from "../commandError.ts"
import * as Output from "../output.ts"
import { jsonSchemaOf, schemas } from "../schemas/schemas.ts"

const known = Object.keys(schemas)

const isKnown = (name: string): name is keyof typeof schemas => Object.hasOwn(schemas, name)

const flags = ["shared", "stream", "text"] as const

interface Input extends Readonly<Record<(typeof flags)[number], boolean>> {
  readonly command: ReadonlyArray<string>
}

export const run = ({ command, ...given }: Input) => {
  const name = [...command, ...flags.flatMap((flag) => (given[flag] ? [`--${flag}`] : []))].join(" ")
  return isKnown(name)
    ? Output.line(JSON.stringify(jsonSchemaOf(schemas[name]), undefined, 2))
    : Effect.fail(new UsageError("No command of this name writes JSON", `Known: ${known.join(", ")}`))
}
