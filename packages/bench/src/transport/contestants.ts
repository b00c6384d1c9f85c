/** Every contestant by name, loaded on demand, so that the heap holds only one of them. */
import type { Contestant } from "./Contestant.ts"

const loaders = {
  undici: () => import("./raw.ts"),
  fetch: () => import("./rawFetch.ts"),
  openai: () => import("./openai.ts"),
  "ai-sdk": () => import("./aiSdk.ts"),
  langchain: () => import("./langchain.ts"),
  "effect-http": () => import("./effectHttp.ts"),
  "kimi-effect": () => import("./kimi.ts"),
  "kimi-effect, full": async () => ({ make: (await import("./kimi.ts")).makeFull }),
  "kimi-effect, full, audit": async () => ({ make: (await import("./kimi.ts")).makeAudited }),
  "kimi-effect, fetch": async () => ({ make: (await import("./kimi.ts")).makeFetch })
} satisfies Record<string, () => Promise<{ readonly make: () => Contestant }>>

export type Name = keyof typeof loaders

export const names = Object.keys(loaders) as ReadonlyArray<Name>

export const load = async (name: Name): Promise<Contestant> => (await loaders[name]()).make()
