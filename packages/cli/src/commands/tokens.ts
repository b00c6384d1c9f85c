/** `kimi tokens` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { handler } from "../handler.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"

export const tokens = Command.make(
  "tokens",
  {
    text: Argument.String("text").pipe(
      Argument.withDescription("Words to count. Defaults to standard input."),
      Argument.variadic()
    ),
    live: Flag.Boolean("live").pipe(
      Flag.withDescription("Counts at the host, exactly. Needs a key; free of charge."),
      Flag.withDefault(false)
    ),
    json: jsonFlag,
    options: optionFlags
  },
  handler(() => import("../handlers/tokens.ts"))
).pipe(
  Command.withDescription("Counts the tokens of a prompt: by an estimate without a network, or exactly at the host."),
  Command.withExamples([
    { command: "kimi tokens Hello world", description: "An estimate" },
    { command: "kimi tokens --live < prompt.txt", description: "The host's count of a file" }
  ])
)
