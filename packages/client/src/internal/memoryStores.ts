/** The memory of the process as the only store. */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redis from "@kimi-effect/core/Redis"
import { type Stores, withoutNode } from "./stores.ts"

const fail = (name: KimiConfig.Name): Effect.Effect<never, ConfigurationError> =>
  Effect.fail(ConfigurationError.of([withoutNode(name, "memory")]))

export const memoryStores: Stores = {
  redis: () => (name) => Layer.effect(Redis.Redis, fail(name)),
  cache: (config) =>
    Layer.unwrap(
      Effect.map(
        loadModule(() => import("@kimi-effect/core/ResponseCache")),
        (ResponseCache) => ResponseCache.layerMemory(ResponseCache.optionsFromConfig(config))
      )
    ),
  budget: (config) =>
    Layer.unwrap(
      Effect.map(
        loadModule(() => import("@kimi-effect/core/Budget")),
        (Budget) => Budget.layer(Budget.optionsFromConfig(config))
      )
    ),
  auditLog: () => fail("auditLog")
}
