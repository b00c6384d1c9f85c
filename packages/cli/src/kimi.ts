/** The command with all its subcommands. */
import * as Command from "effect/cli/Command"
import { root } from "./root.ts"
import { subcommands } from "./subcommands.ts"

export const kimi = root.pipe(
  Command.withSubcommands(await Promise.all(Object.values(subcommands).map(({ load }) => load())))
)
