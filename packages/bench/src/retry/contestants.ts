/** Every contestant by name, loaded on demand. */
import type { Contestant } from "./Contestant.ts"

const loaders = {
  fetch: async () => (await import("./rawFetch.ts")).make,
  openai: async () => (await import("./openai.ts")).make,
  "ai-sdk": async () => (await import("./aiSdk.ts")).make,
  langchain: async () => (await import("./langchain.ts")).make,
  "kimi-effect": async () => (await import("./kimi.ts")).makeDefault,
  "kimi-effect, full": async () => (await import("./kimi.ts")).makeFull,
  "kimi-effect, recovery": async () => (await import("./kimi.ts")).makeRecovery
} satisfies Record<string, () => Promise<(baseUrl: string) => Contestant>>

export type Name = keyof typeof loaders

const withDefaults = ["fetch", "openai", "ai-sdk", "langchain", "kimi-effect"] as const satisfies ReadonlyArray<Name>

/** The contestants of the scenario `retry`, which makes no streams. */
export const names: ReadonlyArray<Name> = [...withDefaults, "kimi-effect, full"]

/** The contestants of the scenario `faults`. */
export const faultNames: ReadonlyArray<Name> = [...withDefaults, "kimi-effect, recovery"]

export const load = async (name: Name, baseUrl: string): Promise<Contestant> => (await loaders[name]())(baseUrl)
