/** Loads the command for its arguments. */
import * as Command from "effect/cli/Command"
import type { kimi } from "./kimi.ts"
import { root } from "./root.ts"

const loaders = {
  balance: async () => (await import("./commands/balance.ts")).balance,
  batch: async () => (await import("./commands/batch.ts")).batch,
  chat: async () => (await import("./commands/chat.ts")).chat,
  config: async () => (await import("./commands/config.ts")).config,
  cost: async () => (await import("./commands/cost.ts")).cost,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  files: async () => (await import("./commands/files.ts")).files,
  models: async () => (await import("./commands/models.ts")).models,
  replay: async () => (await import("./commands/replay.ts")).replay,
  schema: async () => (await import("./commands/schema.ts")).schema,
  "serve-mock": async () => (await import("./commands/serveMock.ts")).serveMock,
  simulate: async () => (await import("./commands/simulate.ts")).simulate,
  swarm: async () => (await import("./commands/swarm.ts")).swarm,
  tokens: async () => (await import("./commands/tokens.ts")).tokens
}

/** The subcommands by their names. */
export const names: ReadonlyArray<string> = Object.keys(loaders)

const isName = (name: string): name is keyof typeof loaders => Object.hasOwn(loaders, name)

/** Completions are those of all subcommands, wherever their flag is. */
const needsAll = (args: ReadonlyArray<string>): boolean => args.some((arg) => arg.startsWith("--completions"))

/**
 * The command with the subcommand that the first argument names, or else with all:
 * making the flags of the others is a sixth of the time of a command such as
 * `kimi models`.
 */
export const load = async (args: ReadonlyArray<string>): Promise<typeof kimi> => {
  const [name = ""] = args
  if (!isName(name) || needsAll(args)) return (await import("./kimi.ts")).kimi
  const subcommand = await loaders[name]()
  // It runs as a part of the whole does, with the same errors and services.
  return root.pipe(Command.withSubcommands([subcommand])) as unknown as typeof kimi
}
