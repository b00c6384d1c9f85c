/** Where services that a configuration turns on keep their state, by what the runtime has. */
import type { Budget } from "@kimi-effect/core/Budget"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { HealthCheck } from "@kimi-effect/core/Health"
import type { Sink } from "@kimi-effect/core/Observer"
import type { ResponseCache } from "@kimi-effect/core/ResponseCache"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Redis } from "@kimi-effect/core/Redis"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"

type Values = KimiConfig.Values

/** A connection to the Redis that an option names. Services with the same URL share it. */
export type RedisOf = (name: KimiConfig.Name, url: Redacted.Redacted<string>) => Layer.Layer<Redis, ConfigurationError>

/** An audit, and the check of its file. */
interface AuditSink {
  readonly record: Sink
  readonly healthCheck: HealthCheck
}

/** The stores of a runtime. */
export interface Stores {
  readonly redis: (config: Values) => RedisOf
  readonly cache: (config: Values, redis: RedisOf) => Layer.Layer<ResponseCache, ConfigurationError>
  readonly budget: (config: Values, redis: RedisOf) => Layer.Layer<Budget, ConfigurationError>
  readonly auditLog: (config: Values, path: string) => Effect.Effect<AuditSink, ConfigurationError, Scope.Scope>
}

/** What a runtime has. Stores are loaded when one is configured. */
export interface Runtime {
  /** The options that need a store that this runtime does not have. */
  readonly unsupported: (config: Values) => ConfigurationError["issues"]
  readonly stores: (config: Values) => Effect.Effect<Stores>
}

/** An option that a client without Node does not support. */
export const withoutNode = (name: KimiConfig.Name, expected: string): ConfigurationError["issues"][number] => ({
  name: KimiConfig.variableName(name),
  expected: `${expected} in a client without Node; KimiNode.layerConfig supports the other forms`
})

/** Any runtime: the memory of the process alone. */
export const anyRuntime: Runtime = {
  unsupported: (config) => [
    ...(["cache", "limits", "circuits", "budgetStore"] as const)
      .filter((name) => config[name]._tag !== "Off" && config[name]._tag !== "Memory")
      .map((name) => withoutNode(name, name === "cache" || name === "limits" ? "memory or off" : "memory")),
    ...(config.auditLog === undefined ? [] : [withoutNode("auditLog", "no file")])
  ],
  stores: () =>
    Effect.map(
      loadModule(() => import("./memoryStores.ts")),
      ({ memoryStores }) => memoryStores
    )
}
