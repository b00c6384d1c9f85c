/** `kimi config` */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { handler } from "../handler.ts"
import { jsonFlag, optionFlags } from "../optionFlags.ts"

export const config = Command.make(
  "config",
  {
    json: jsonFlag,
    all: Flag.Boolean("all").pipe(Flag.withDescription("Lists defaults too."), Flag.withDefault(false)),
    options: optionFlags
  },
  handler(() => import("../handlers/config.ts"))
).pipe(
  Command.withDescription(
    "Prints the effective options with their origin, and marks values that cannot be used. Secrets are hidden."
  ),
  Command.withExamples([
    { command: "kimi config --all", description: "Every option with its default" },
    { command: "kimi config --config kimi.json --json", description: "The options of a file, as JSON" }
  ])
)
