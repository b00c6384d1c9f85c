/**
 * Connections to Redis, which are opened by the first command and never delay
 * or fail the start of a program.
 *
 * ```ts
 * CacheStore.layerRedis().pipe(Layer.provide(Redis.layer({ url: "redis://localhost" })))
 * ```
 *
 * **Details**
 *
 * - A connection that is lost is opened again in the background, with growing
 *   delays of up to two seconds. Until it is open, commands fail at once with
 *   the reason of the last failure.
 * - A command is sent at most once, and the reply to one that was interrupted is
 *   dropped in its place.
 * - Every wait has a bound: for a connection `connectTimeout`, for a reply
 *   `timeout`, for the last replies at the end of the scope `closeTimeout`.
 *   Replies are limited to `maxReplyBytes`, a million elements and 32 levels;
 *   a larger one ends the connection.
 *
 * **Gotchas**
 *
 * - The server is a single Redis, or the primary of a replicated one. It is used
 *   through version 2 of its protocol.
 * - The reason of an error is a code: of the system (`ECONNREFUSED`), of Redis
 *   (`WRONGPASS`), or `connectTimeout`, `connectionLost`, `timeout`,
 *   `invalidReply`, `replyTooLarge`, `commandTooLarge`, `tooManyPending` or
 *   `closed`.
 *
 * @since 0.1.0
 */
// `RespReader` reads replies in place of the package `redis`, which (6.3.1) bounds neither their size nor their depth, keeps
// a connection after bytes that it cannot read, and waits without a bound for credentials and for the end of a connection.
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { HealthCheck } from "@kimi-effect/core/Health"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as RedisCheck from "@kimi-effect/core/internal/RedisCheck"
import * as Core from "@kimi-effect/core/Redis"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as RedisSettings from "./internal/redis/RedisSettings.ts"

export * from "@kimi-effect/core/Redis"
export type { ConnectionOptions } from "./internal/redis/RedisSettings.ts"

const loadConnections = () => loadModule(() => import("./internal/redis/connect.ts"))

/**
 * A connection that can be used until the scope closes. It is opened by the first
 * command, so this effect fails only for invalid options.
 *
 * @category constructors
 * @since 0.1.0
 */
export const connect = (
  options: RedisSettings.ConnectionOptions
): Effect.Effect<Core.Redis["Service"], ConfigurationError, Scope.Scope> =>
  Effect.flatMap(loadConnections(), ({ connect }) => connect(options))

/**
 * A connection, which several stores can share.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: RedisSettings.ConnectionOptions): Layer.Layer<Core.Redis, ConfigurationError> =>
  OptionRules.layerOf("Redis", options, (options) => Layer.effect(Core.Redis, connect(options)))

/**
 * A health check of connections that are provided as layers, for
 * `HealthSettings.layer({ checks })`. Connections that the client opens from its
 * configuration have a check already.
 *
 * **Details**
 *
 * The component is `redis`: unhealthy while Redis does not reply to `PING`, and
 * degraded for a minute after an error. Its details have the state of the
 * connection, since when it has this state, and the code and the time of the
 * last error.
 *
 * @category health
 * @since 0.1.0
 */
export const healthCheck: (
  first: Core.Redis["Service"],
  ...others: ReadonlyArray<Core.Redis["Service"]>
) => HealthCheck = RedisCheck.make

/**
 * A connection whose options are read from the current `ConfigProvider`, such
 * as `Redis.layerConfig({ url: Config.Redacted("REDIS_URL") })`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  options: Config.Wrap<RedisSettings.ConnectionOptions>
): Layer.Layer<Core.Redis, ConfigurationError | Config.ConfigError> =>
  OptionRules.layerOf("Redis", options, (options) =>
    Layer.effect(
      Core.Redis,
      Effect.flatMap(loadConnections(), ({ connectConfig }) => connectConfig(options))
    )
  )
