/** The parts of undici, each loaded by what needs it: its index has five times the modules of a pool. */
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type * as Effect from "effect/Effect"
import type * as Undici from "undici"

/** What a client without a proxy uses. */
export type PoolModules = Pick<typeof Undici, "Agent" | "Pool" | "buildConnector">

const importPools = async (): Promise<PoolModules> => {
  const [{ default: Agent }, { default: Pool }, { default: buildConnector }] = await Promise.all([
    // @ts-expect-error undici declares the types of its index only
    import("undici/lib/dispatcher/agent.js"),
    // @ts-expect-error as above
    import("undici/lib/dispatcher/pool.js"),
    // @ts-expect-error as above
    import("undici/lib/core/connect.js")
  ])
  if (![Agent, Pool, buildConnector].every((part) => typeof part === "function"))
    throw new Error("not the parts of undici")
  return { Agent, Pool, buildConnector }
}

/** undici has no entry for its pools alone. A version that moves or changes the files is loaded as a whole. */
export const loadPools: Effect.Effect<PoolModules> = loadModule(() =>
  importPools().catch((): Promise<PoolModules> => import("undici"))
)

export const loadUndici: Effect.Effect<typeof Undici> = loadModule(() => import("undici"))
