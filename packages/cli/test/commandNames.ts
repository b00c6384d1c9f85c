/** The words of each command and subcommand, such as `batch run`. */
import { kimi } from "../src/kimi.ts"

interface Named {
  readonly name: string
  readonly subcommands: ReadonlyArray<{ readonly commands: ReadonlyArray<Named> }>
}

const namesIn = (command: Named, parents: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  command.subcommands.flatMap(({ commands }) =>
    commands.flatMap((one) => [[...parents, one.name].join(" "), ...namesIn(one, [...parents, one.name])])
  )

export const commandNames = namesIn(kimi)
