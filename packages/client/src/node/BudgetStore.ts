/**
 * `BudgetStore` of `@kimi-effect/core`, with a ledger in a SQLite file, and
 * with a `layerRedis` that connects by itself.
 *
 * @since 0.1.0
 */
import * as Core from "@kimi-effect/core/BudgetStore"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { BudgetStoreError } from "@kimi-effect/core/MoneyErrors"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as SqliteBudgetStore from "./internal/SqliteBudgetStore.ts"
import * as Redis from "./Redis.ts"

export * from "@kimi-effect/core/BudgetStore"
export type { Options as SqliteOptions } from "./internal/SqliteBudgetStore.ts"

/**
 * A ledger in one SQLite file, which several processes of a machine can share
 * and which outlives them. It is open until the scope closes.
 *
 * **Details**
 *
 * - Every operation is one transaction.
 * - The reservation of a killed process is charged at its worst price when its
 *   lease has expired twice, because its use is unknown. Once is not enough: the
 *   clock of the machine may have been set forward.
 * - An operation waits for other processes that write, without blocking this
 *   one, up to the budget's `timeout`.
 *
 * **Gotchas**
 *
 * - The file system must be local: SQLite's log needs shared memory.
 * - A file that cannot be read is never replaced, since its money could be
 *   spent twice: the layer fails with the path, the reason and what to do. So do
 *   operations while the file is moved or replaced, and on a full disk.
 * - A symbolic link is not followed, and a file that others could access is
 *   restricted to its owner.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeSqlite = (
  options: SqliteBudgetStore.Options
): Effect.Effect<Core.BudgetStore["Service"], BudgetStoreError | ConfigurationError, Scope.Scope> =>
  Effect.flatMap(
    loadModule(() => import("./internal/SqliteBudgetStore.ts")),
    ({ make }) => make(options)
  )

/**
 * A ledger in a SQLite file, as `makeSqlite` describes it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSqlite = (
  options: SqliteBudgetStore.Options
): Layer.Layer<Core.BudgetStore, BudgetStoreError | ConfigurationError> =>
  OptionRules.layerOf("BudgetStore", options, (options) => Layer.effect(Core.BudgetStore, makeSqlite(options)))

/**
 * A ledger in Redis, shared by all processes, on a connection of this layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (
  options: Core.RedisOptions & Pick<Redis.ConnectionOptions, "url">
): Layer.Layer<Core.BudgetStore, ConfigurationError> =>
  OptionRules.layerOf("BudgetStore", options, ({ url, ...options }) =>
    Layer.provide(Core.layerRedis(options), Redis.layer({ url }))
  )
