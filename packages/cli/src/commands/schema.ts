/** `kimi schema` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { handler } from "../handler.ts"

export const schema = Command.make(
  "schema",
  {
    command: Argument.String("command").pipe(
      Argument.withDescription("The words of a command, such as models or batch run."),
      Argument.variadic({ min: 1 })
    )
  },
  handler(() => import("../handlers/schema.ts"))
).pipe(
  Command.withDescription("Prints the JSON Schema of what a command writes with --json."),
  Command.withShortDescription("Print the JSON Schema of a command's result"),
  Command.withExamples([{ command: "kimi schema models", description: "The form of kimi models --json" }])
)
