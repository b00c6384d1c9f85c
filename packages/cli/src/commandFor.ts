/** Loads the command for its arguments. */
import * as Command from "effect/cli/Command"
import type { kimi } from "./kimi.ts"
import { root } from "./root.ts"
import { subcommands } from "./subcommands.ts"

/** The subcommands by their names. */
export const names: ReadonlyArray<string> = Object.keys(subcommands)

const isName = (name: string): name is keyof typeof subcommands => Object.hasOwn(subcommands, name)

/** Completions are those of all subcommands, wherever their flag is. */
const needsAll = (args: ReadonlyArray<string>): boolean => args.some((arg) => arg.startsWith("--completions"))

/** The help of the whole command, which is also the one of a call without arguments, has a line of each subcommand. */
const isOverview = (args: ReadonlyArray<string>): boolean =>
  args.length === 0 || (args.length === 1 && ["--help", "-h"].includes(args[0] ?? ""))

/** The command with the lines of its subcommands alone. */
const overview = (): typeof kimi =>
  root.pipe(
    Command.withSubcommands(
      Object.entries(subcommands).map(([name, { summary }]) =>
        Command.withShortDescription(Command.make(name), summary)
      )
    )
  ) as unknown as typeof kimi

/**
 * The command with the subcommand that the first argument names, or else with all:
 * making the flags of the others is a sixth of the time of a command such as
 * `kimi models`.
 */
export const load = async (args: ReadonlyArray<string>): Promise<typeof kimi> => {
  if (isOverview(args)) return overview()
  const [name = ""] = args
  if (!isName(name) || needsAll(args)) return (await import("./kimi.ts")).kimi
  const subcommand = await subcommands[name].load()
  // It runs as a part of the whole does, with the same errors and services.
  return root.pipe(Command.withSubcommands([subcommand])) as unknown as typeof kimi
}
