/** `kimi schema` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { handler } from "../handler.ts"
import { names } from "../schemas/names.ts"
import { wordArgument } from "../wordFlags.ts"

const commands = names.filter((name) => !name.includes(" --"))

/** A flag with which a command writes another form. */
const form = (name: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(`The form of the command with --${name}.`), Flag.withDefault(false))

export const schema = Command.make(
  "schema",
  {
    command: wordArgument("command", commands).pipe(
      Argument.withDescription("The words of a command, such as models or batch run."),
      Argument.variadic({ min: 1 })
    ),
    shared: form("shared"),
    stream: form("stream"),
    text: form("text")
  },
  handler(() => import("../handlers/schema.ts"))
).pipe(
  Command.withDescription("Prints the JSON Schema of what a command writes with --json."),
  Command.withExamples([
    { command: "kimi schema models", description: "The form of kimi models --json" },
    { command: "kimi schema chat --stream", description: "The form of kimi chat --stream --json" }
  ])
)
