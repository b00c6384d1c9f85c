/**
 * `CacheStore` of `@kimi-effect/core`, with stores in a SQLite file and in a
 * folder, and with a `layerRedis` that connects by itself.
 *
 * @since 0.1.0
 */
import * as Core from "@kimi-effect/core/CacheStore"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as FileCacheStore from "./internal/FileCacheStore.ts"
import { layerDigest } from "./internal/loadedDigest.ts"
import type * as SqliteCacheStore from "./internal/SqliteCacheStore.ts"
import * as Redis from "./Redis.ts"

export * from "@kimi-effect/core/CacheStore"
export type { Options as FileOptions } from "./internal/FileCacheStore.ts"
export type { Options as SqliteOptions } from "./internal/SqliteCacheStore.ts"

type Make = Effect.Effect<Core.CacheStore["Service"], ConfigurationError, Scope.Scope>

/**
 * A store in one SQLite file, which several processes of a machine can share.
 * It is open until the scope closes.
 *
 * **Details**
 *
 * - The file is readable for its owner only, and never larger than `maxBytes`.
 *   When it is full, the least recently used entries are removed first.
 * - A write waits for other processes that write, without blocking this one, up
 *   to `lockTimeout`.
 * - A file of this store that is damaged is renamed to `<path>.damaged` and
 *   replaced by a new one, with one warning; one of another version of this
 *   library is replaced. A file of another application is never changed.
 * - A file that cannot be used fails the operations and not the layer. A cache
 *   continues without the store, shows the path and the reason in its health, and
 *   uses the store again when it can.
 * - While the file is being opened, `<path>-opening` locks it.
 *
 * **Gotchas**
 *
 * - The file system must be local: SQLite's log needs shared memory.
 * - SQLite's log is a second file of some megabytes.
 * - A symbolic link is not followed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeSqlite = (options: SqliteCacheStore.Options): Make =>
  Effect.provide(
    Effect.flatMap(
      loadModule(() => import("./internal/SqliteCacheStore.ts")),
      ({ make }) => make(options)
    ),
    layerDigest
  )

/**
 * A store in a SQLite file, as `makeSqlite` describes it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSqlite = (options: SqliteCacheStore.Options): Layer.Layer<Core.CacheStore, ConfigurationError> =>
  OptionRules.layerOf("CacheStore", options, (options) => Layer.effect(Core.CacheStore, makeSqlite(options)))

/**
 * A store in a folder, with one file per entry. It needs nothing but a file
 * system, and every process that can write to the folder shares it. `makeSqlite`
 * is many times faster.
 *
 * **Details**
 *
 * - A file is named by a digest of its key, is readable for its owner only, and
 *   is written to a temporary file that is renamed: an entry that is read is
 *   complete, or is detected as damaged and removed.
 * - Expired entries, the least recently used entries over `maxBytes`, and
 *   temporary files of killed processes are removed in the background.
 * - The folder is created, or must be empty when it is used first: one with files
 *   of others is left as it is. A folder that cannot be used fails the operations
 *   and not the layer, as `makeSqlite` describes.
 *
 * **Gotchas**
 *
 * - `removeTag`, `clear`, `statistics` and the sweep visit every file, which
 *   takes some seconds for 100,000 entries. `removeTag` reads the header of each.
 * - Between two sweeps the folder may exceed `maxBytes` by what all processes
 *   write.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeFile = (options: FileCacheStore.Options): Make =>
  Effect.provide(
    Effect.flatMap(
      loadModule(() => import("./internal/FileCacheStore.ts")),
      ({ make }) => make(options)
    ),
    layerDigest
  )

/**
 * A store in a folder, as `makeFile` describes it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFile = (options: FileCacheStore.Options): Layer.Layer<Core.CacheStore, ConfigurationError> =>
  OptionRules.layerOf("CacheStore", options, (options) => Layer.effect(Core.CacheStore, makeFile(options)))

/**
 * A store in Redis, shared by all processes, on a connection of this layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRedis = (
  options: Core.RedisOptions & Pick<Redis.ConnectionOptions, "url">
): Layer.Layer<Core.CacheStore, ConfigurationError> =>
  OptionRules.layerOf("CacheStore", options, ({ url, ...options }) =>
    Layer.provide(Core.layerRedis(options), [Redis.layer({ url }), layerDigest])
  )
