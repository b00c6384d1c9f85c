/** The subcommands in the order of the help, each with its line there, and the module that is loaded for it. */
import * as Command from "effect/cli/Command"

/** The line is not in the module, so that the help of the whole command loads none. */
const subcommand = <const Name extends string, Input, E, R, ContextInput>(
  summary: string,
  load: () => Promise<Command.Command<Name, Input, ContextInput, E, R>>
) => ({ summary, load: async () => Command.withShortDescription(await load(), summary) })

export const subcommands = {
  chat: subcommand("Chat with Kimi", async () => (await import("./commands/chat.ts")).chat),
  models: subcommand(
    "List models with prices, windows and lifecycle",
    async () => (await import("./commands/models.ts")).models
  ),
  tokens: subcommand("Count the tokens of a prompt", async () => (await import("./commands/tokens.ts")).tokens),
  cost: subcommand("Compute what requests will cost", async () => (await import("./commands/cost.ts")).cost),
  files: subcommand("Manage the files of the account", async () => (await import("./commands/files.ts")).files),
  batch: subcommand("Run the requests of a file", async () => (await import("./commands/batch.ts")).batch),
  swarm: subcommand("Run a task with a team of agents", async () => (await import("./commands/swarm.ts")).swarm),
  balance: subcommand("Print the balance of the account", async () => (await import("./commands/balance.ts")).balance),
  doctor: subcommand("Find out why calls fail", async () => (await import("./commands/doctor.ts")).doctor),
  config: subcommand(
    "Print the effective options and their origin",
    async () => (await import("./commands/config.ts")).config
  ),
  simulate: subcommand(
    "Simulate a day of calls on a configuration",
    async () => (await import("./commands/simulate.ts")).simulate
  ),
  replay: subcommand("Print what a cassette has recorded", async () => (await import("./commands/replay.ts")).replay),
  "serve-mock": subcommand(
    "Run a simulated host on this machine",
    async () => (await import("./commands/serveMock.ts")).serveMock
  ),
  schema: subcommand(
    "Print the JSON Schema of a command's result",
    async () => (await import("./commands/schema.ts")).schema
  )
}
