/** Prints the JSON Schema of a command's result. */
import * as Effect from "effect/Effect"
import { CommandError } from "../commandError.ts"
import * as Output from "../output.ts"
import { jsonSchemaOf, schemas } from "../schemas/schemas.ts"

const known = Object.keys(schemas)

const isKnown = (name: string): name is keyof typeof schemas => Object.hasOwn(schemas, name)

export const run = ({ command }: { readonly command: ReadonlyArray<string> }) => {
  const name = command.join(" ")
  return isKnown(name)
    ? Output.line(JSON.stringify(jsonSchemaOf(schemas[name]), undefined, 2))
    : Effect.fail(new CommandError("No command of this name writes JSON", `Known: ${known.join(", ")}`))
}
