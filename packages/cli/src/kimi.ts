/** The command with all its subcommands. */
import * as Command from "effect/cli/Command"
import { models } from "./commands/models.ts"

export const kimi = Command.make("kimi").pipe(
  Command.withDescription("Kimi (Moonshot AI) in a terminal."),
  Command.withSubcommands([models])
)
