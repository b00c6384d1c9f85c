/**
 * `Budget` of `@kimi-effect/core`, with a ledger in a SQLite file, and with a
 * `layerRedis` that connects by itself.
 *
 * ```ts
 * Budget.layerSqlite({ path: "var/budget.db", caps: [{ per: ["day"], amount: "100", currency: "USD" }] })
 * ```
 *
 * @since 0.1.0
 */
import * as Core from "@kimi-effect/core/Budget"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { BudgetStoreError } from "@kimi-effect/core/MoneyErrors"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as BudgetStore from "./BudgetStore.ts"
import * as Redis from "./Redis.ts"

export * from "@kimi-effect/core/Budget"

/**
 * A budget in a SQLite file, which several processes of a machine can share.
 * `BudgetStore.makeSqlite` describes the file. With `onStoreError: "allow"` a
 * file that cannot be opened at the start is opened later, and calls are not
 * counted until then; a path that is wrong, such as that of a folder or of a file
 * of others, fails in any case.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSqlite = (
  options: Core.Options & BudgetStore.SqliteOptions
): Layer.Layer<Core.Budget, ConfigurationError | BudgetStoreError> =>
  OptionRules.layerOf("Budget", options, (options) =>
    Layer.provide(
      Core.layerStore(options),
      options.onStoreError === "allow"
        ? Layer.effect(
            BudgetStore.BudgetStore,
            Effect.flatMap(
              loadModule(() => import("./internal/SqliteBudgetStore.ts")),
              ({ makeReopening }) => makeReopening(options)
            )
          )
        : BudgetStore.layerSqlite(options)
    )
  )

/**
 * A budget in Redis, shared by all processes, on a connection of this layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (
  options: Core.Options & BudgetStore.RedisOptions & Pick<Redis.ConnectionOptions, "url">
): Layer.Layer<Core.Budget, ConfigurationError> =>
  OptionRules.layerOf("Budget", options, ({ url, ...options }) =>
    Layer.provide(Core.layerRedis(options), Redis.layer({ url }))
  )
