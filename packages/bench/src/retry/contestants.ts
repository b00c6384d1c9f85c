/** Every contestant by name, loaded on demand. */
import type { Contestant } from "./Contestant.ts"

const loaders = {
  fetch: async () => (await import("./rawFetch.ts")).make,
  openai: async () => (await import("./openai.ts")).make,
  "ai-sdk": async () => (await import("./aiSdk.ts")).make,
  langchain: async () => (await import("./langchain.ts")).make,
  "kimi-effect": async () => (await import("./kimi.ts")).makeDefault,
  "kimi-effect, full": async () => (await import("./kimi.ts")).makeFull
} satisfies Record<string, () => Promise<(baseUrl: string) => Contestant>>

export type Name = keyof typeof loaders

export const names = Object.keys(loaders) as ReadonlyArray<Name>

export const load = async (name: Name, baseUrl: string): Promise<Contestant> => (await loaders[name]())(baseUrl)
