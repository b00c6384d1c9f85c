/** The stores of services that a configuration turns on, on Node: SQLite, files and Redis. */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Stores } from "../../internal/stores.ts"
import * as AuditLog from "../AuditLog.ts"
import * as Budget from "../Budget.ts"
import * as BudgetStore from "../BudgetStore.ts"
import * as CacheStore from "../CacheStore.ts"
import * as ResponseCache from "../ResponseCache.ts"
import { configuredRedis } from "./configuredRedis.ts"
import * as NodeDigest from "./NodeDigest.ts"

const issue = (name: KimiConfig.Name, expected: string): ConfigurationError =>
  ConfigurationError.of([{ name: KimiConfig.variableName(name), expected }])

/** An option whose store cannot be opened. The messages of stores contain no credentials. */
const unusable = (name: KimiConfig.Name, { message }: { readonly message: string }) =>
  Effect.fail(issue(name, `a store that can be opened. ${message}`))

const cache: Stores["cache"] = (config, redis) => {
  const options = ResponseCache.persistedOptionsFromConfig(config)
  switch (config.cache._tag) {
    case "Off":
      return ResponseCache.layerOff
    case "Memory":
      return ResponseCache.layerMemory(ResponseCache.optionsFromConfig(config))
    case "Sqlite":
      return ResponseCache.layerSqlite({ path: config.cache.path }, options)
    case "File":
      return ResponseCache.layerFile({ path: config.cache.path }, options)
    case "Redis": {
      const store = Layer.effect(
        CacheStore.CacheStore,
        CacheStore.makeRedis({ keyPrefix: `${config.redisKeyPrefix}cache:` })
      )
      return Layer.provide(
        ResponseCache.layerPersisted(options),
        Layer.provide(store, [redis("cache", config.cache.url), NodeDigest.layer])
      )
    }
  }
}

const budget: Stores["budget"] = (config, redis) => {
  const options = Budget.optionsFromConfig(config)
  const store = config.budgetStore
  if (store._tag === "Redis") {
    const ledger = Layer.effect(
      BudgetStore.BudgetStore,
      BudgetStore.makeRedis({ keyPrefix: `${config.redisKeyPrefix}budget:` })
    )
    return Layer.provide(Budget.layerStore(options), Layer.provide(ledger, redis("budgetStore", store.url)))
  }
  return store._tag === "Sqlite"
    ? Layer.catchTag(Budget.layerSqlite({ ...options, path: store.path }), "BudgetStoreError", (error) =>
        Layer.effect(Budget.Budget, unusable("budgetStore", error))
      )
    : Budget.layerMemory(options)
}

const auditLog: Stores["auditLog"] = (config, path) => AuditLog.make({ path, durability: config.auditDurability })

/** All of them. */
export const nodeStores: Stores = { redis: configuredRedis, cache, budget, auditLog }
