/** The subcommands in the order of the help, each with the module that is loaded for it. */
export const subcommands = {
  chat: async () => (await import("./commands/chat.ts")).chat,
  models: async () => (await import("./commands/models.ts")).models,
  tokens: async () => (await import("./commands/tokens.ts")).tokens,
  cost: async () => (await import("./commands/cost.ts")).cost,
  files: async () => (await import("./commands/files.ts")).files,
  batch: async () => (await import("./commands/batch.ts")).batch,
  swarm: async () => (await import("./commands/swarm.ts")).swarm,
  balance: async () => (await import("./commands/balance.ts")).balance,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  config: async () => (await import("./commands/config.ts")).config,
  simulate: async () => (await import("./commands/simulate.ts")).simulate,
  replay: async () => (await import("./commands/replay.ts")).replay,
  "serve-mock": async () => (await import("./commands/serveMock.ts")).serveMock,
  schema: async () => (await import("./commands/schema.ts")).schema
}
