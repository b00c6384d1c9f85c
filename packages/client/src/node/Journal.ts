/**
 * The journal of `@kimi-effect/client/journal`, and one in a SQLite file.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Core from "../journal/Journal.ts"

export * from "../journal/Journal.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface SqliteOptions extends Core.Options {
  /** Path of the file; it and its folder are created when they are missing, accessible for their owner only. A symbolic link is not followed. */
  readonly filename: string
  /**
   * What entries survive: a killed `process`, or also a loss of `power`, for
   * which every transaction waits for the disk. Defaults to `process`.
   */
  readonly durability?: "process" | "power" | undefined
}

/**
 * A journal in one SQLite file, which several processes of a machine can share.
 * It is open until the scope closes. Results contain what models and tools
 * answered, so the file is as private as they are.
 *
 * **Gotchas**
 *
 * - The file system must be local: SQLite's log needs shared memory.
 * - A file that cannot be read is left as it is: operations fail with
 *   `JournalStoreError`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeSqlite = (
  options: SqliteOptions
): Effect.Effect<Core.Journal["Service"], ConfigurationError | JournalStoreError, Scope.Scope> =>
  Effect.flatMap(
    loadModule(() => import("./internal/openSqliteJournal.ts")),
    ({ makeSqlite }) => makeSqlite(options)
  )

/**
 * A journal in a SQLite file, as `makeSqlite` describes it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSqlite = (
  options: SqliteOptions
): Layer.Layer<Core.Journal, ConfigurationError | JournalStoreError> =>
  OptionRules.layerOf("Journal", options, (options) => Layer.effect(Core.Journal, makeSqlite(options)))
