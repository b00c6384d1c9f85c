/** The command without its subcommands. */
import * as Command from "effect/cli/Command"

export const root = Command.make("kimi").pipe(
  Command.withDescription(
    "Kimi (Moonshot AI) in a terminal. The API key is read from KIMI_API_KEY or MOONSHOT_API_KEY, or from a file."
  )
)
