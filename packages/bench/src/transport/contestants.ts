/** Every contestant by name, loaded only when it is asked for, so that a heap holds one of them alone. */
import type { Contestant } from "./Contestant.ts"

const loaders = {
  undici: () => import("./raw.ts"),
  openai: () => import("./openai.ts"),
  "ai-sdk": () => import("./aiSdk.ts"),
  "effect-http": () => import("./effectHttp.ts"),
  "kimi-effect": () => import("./kimi.ts")
} satisfies Record<string, () => Promise<{ readonly make: () => Contestant }>>

export type Name = keyof typeof loaders

export const names = Object.keys(loaders) as ReadonlyArray<Name>

export const load = async (name: Name): Promise<Contestant> => (await loaders[name]()).make()
