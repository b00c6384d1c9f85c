/**
 * Connections to Redis on the `redis` package (node-redis) through Effect's
 * `NodeRedis`, which is used because it reconnects and reports its errors
 * already; it is replaced in this file alone.
 *
 * ```ts
 * CacheStore.layerRedis().pipe(Layer.provide(Redis.layer({ url: "redis://localhost" })))
 * ```
 *
 * It needs the packages `redis` and `@effect/platform-node`, which are loaded
 * when a layer is built.
 *
 * **Gotchas**
 *
 * - Redis must be reachable when the layer is built. A connection that is lost
 *   later is opened again.
 * - While it is not connected, node-redis keeps commands to send them later.
 *   With `offlineQueue: false` they fail at once.
 * - Closing waits at most two seconds for commands that have no reply yet.
 *
 * @since 0.1.0
 */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Core from "@kimi-effect/core/Redis"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as EffectRedis from "effect/persistence/Redis"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"

export * from "@kimi-effect/core/Redis"

/**
 * @category options
 * @since 0.1.0
 */
export interface ConnectionOptions extends Core.Options {
  /** Address of the server: `redis://host:port/database`, or `rediss://` with TLS. It may contain a user and a password. */
  readonly url: string | Redacted.Redacted<string>
  /** Whether commands wait while there is no connection. Defaults to `true`. */
  readonly offlineQueue?: boolean | undefined
}

const urlOf = ({ url }: ConnectionOptions): string => (Redacted.isRedacted(url) ? Redacted.value(url) : url)

const isUrl = (url: unknown): boolean => typeof url === "string" && /^rediss?:\/\//.test(url) && URL.canParse(url)

/** Longest wait for commands that have no reply yet when a connection is closed. */
const closeTimeout = "2 seconds"

const driver = Effect.tryPromise({
  try: () => import("@effect/platform-node/NodeRedis"),
  catch: () =>
    ConfigurationError.of([
      { name: "Redis", expected: "the packages redis and @effect/platform-node, which are not installed" }
    ])
})

/**
 * A connection that is open until the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const connect = (
  options: ConnectionOptions
): Effect.Effect<Core.Redis["Service"], Core.RedisError | ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    const url = urlOf(options)
    yield* OptionRules.check("Redis", [
      ["url", isUrl(url), "an address that begins with redis:// or rediss://"],
      OptionRules.positiveDuration("timeout", options.timeout)
    ])
    const { NodeRedis, layer } = yield* driver
    const services = yield* Effect.mapError(
      Layer.build(layer({ url, disableOfflineQueue: options.offlineQueue === false })),
      ({ cause }) => Core.fromCause("connect", cause)
    )
    const { send } = Context.get(services, EffectRedis.Redis)
    const { client, use } = Context.get(services, NodeRedis)
    return yield* Core.make(
      {
        send: (command, ...args) =>
          Effect.mapError(send(command, ...args), ({ cause }) => Core.fromCause(command, cause)),
        // Commands to a server that hangs would keep it open forever.
        close: use(() => client.close()).pipe(
          Effect.timeoutOption(closeTimeout),
          Effect.ignore,
          Effect.andThen(Effect.sync(() => (client.isOpen ? client.destroy() : undefined)))
        )
      },
      options
    )
  })

/**
 * A connection, which several stores can share.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: ConnectionOptions): Layer.Layer<Core.Redis, Core.RedisError | ConfigurationError> =>
  Layer.effect(Core.Redis, connect(options))

/**
 * A connection whose options are read from the current `ConfigProvider`, such
 * as `Redis.layerConfig({ url: Config.Redacted("REDIS_URL") })`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  options: Config.Wrap<ConnectionOptions>
): Layer.Layer<Core.Redis, Core.RedisError | ConfigurationError | Config.ConfigError> =>
  Layer.effect(Core.Redis, Effect.flatMap(Config.unwrap(options), connect))
