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
// It is our own reader of replies because the package `redis` (6.3.1) bounds neither their size nor their depth, keeps a
// connection after bytes that it cannot read, and waits without a bound for credentials and for the end of a connection.
import { X509Certificate } from "node:crypto"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as RedisUrl from "@kimi-effect/core/internal/RedisUrl"
import * as Core from "@kimi-effect/core/Redis"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as LazyConnection from "./internal/redis/LazyConnection.ts"

export * from "@kimi-effect/core/Redis"

/**
 * @category options
 * @since 0.1.0
 */
export interface ConnectionOptions extends Core.Options {
  /** Address of the server: `redis://host:port/database`, or `rediss://` with TLS. It may contain a user and a password. */
  readonly url: string | Redacted.Redacted<string>
  /** The user, in place of the one in `url`. */
  readonly username?: string | undefined
  /** The password, in place of the one in `url`. */
  readonly password?: Redacted.Redacted<string> | undefined
  /** The number of the database, in place of the one in `url`. Defaults to 0. */
  readonly database?: number | undefined
  /** Certificates of the authorities to trust instead of those of Node, as PEM text. Needs `rediss://`. */
  readonly ca?: string | undefined
  /** The name that the certificate of the server must have. Defaults to the host. Needs `rediss://`. */
  readonly serverName?: string | undefined
  /** Longest wait for a connection that can be used. Defaults to 5 seconds. */
  readonly connectTimeout?: Duration.Input | undefined
  /** Longest wait for replies when the scope ends. Defaults to 2 seconds. */
  readonly closeTimeout?: Duration.Input | undefined
  /** Largest reply, and largest argument of a command, in bytes. Defaults to 64 MiB. */
  readonly maxReplyBytes?: number | undefined
}

const defaultTimeout = Duration.seconds(10)

const urlOf = ({ url }: ConnectionOptions): unknown => (Redacted.isRedacted(url) ? Redacted.value(url) : url)

/** Whether every certificate of a PEM text can be read. */
const isPem = (text: unknown): boolean =>
  typeof text === "string" && Result.isSuccess(Result.try(() => new X509Certificate(text)))

const isText = (value: unknown): boolean => value === undefined || (typeof value === "string" && value !== "")

const isPassword = (value: unknown): boolean =>
  value === undefined || (Redacted.isRedacted(value) && isText(Redacted.value(value)))

const rulesOf = (
  options: ConnectionOptions,
  address: RedisUrl.RedisAddress | undefined
): ReadonlyArray<OptionRules.Rule> => {
  const { ca, database, password, serverName, username } = options
  const isDatabase = database === undefined || (Number.isInteger(database) && database >= 0 && database < 1_000_000)
  const hasPassword = (password ?? address?.password) !== undefined
  const hasUser = (username ?? address?.username) !== undefined
  const wantsTls = ca !== undefined || serverName !== undefined
  return [
    [
      "url",
      address !== undefined && (address.isTls || !wantsTls),
      wantsTls
        ? "an address that begins with rediss://, because ca and serverName are for TLS"
        : "an address that begins with redis:// or rediss://, without a query, and with a number as its path if any"
    ],
    ["username", isText(username) && (hasPassword || !hasUser), "a text, together with a password"],
    ["password", isPassword(password), "a redacted text: use Redacted.make(password)"],
    ["database", isDatabase, "a whole number of zero or more"],
    ["ca", ca === undefined || isPem(ca), "certificates as PEM text"],
    ["serverName", isText(serverName), "the name of a host"],
    OptionRules.positiveDuration("timeout", options.timeout),
    OptionRules.positiveDuration("connectTimeout", options.connectTimeout),
    OptionRules.positiveDuration("closeTimeout", options.closeTimeout),
    OptionRules.bytes("maxReplyBytes", options.maxReplyBytes, 1_024, 536_870_912)
  ]
}

const redacted = (text: string | undefined): Redacted.Redacted<string> | undefined =>
  text === undefined ? undefined : Redacted.make(text)

const checked = (options: ConnectionOptions): Effect.Effect<LazyConnection.Options, ConfigurationError> =>
  Effect.suspend(() => {
    const url = urlOf(options)
    const address = typeof url === "string" ? RedisUrl.parse(url) : undefined
    const issues = OptionRules.issuesOf("Redis", rulesOf(options, address))
    if (address === undefined || issues.length > 0) return Effect.fail(ConfigurationError.of(issues))
    const { ca, connectTimeout = "5 seconds", closeTimeout = "2 seconds", maxReplyBytes = 67_108_864 } = options
    return Effect.succeed({
      host: address.host,
      port: address.port,
      tls: address.isTls ? { ca, serverName: options.serverName } : undefined,
      username: options.username ?? address.username,
      password: options.password ?? redacted(address.password),
      database: options.database ?? address.database ?? 0,
      timeout: OptionRules.durationOf(connectTimeout),
      commandTimeout: OptionRules.durationOf(options.timeout ?? defaultTimeout),
      closeTimeout: OptionRules.durationOf(closeTimeout),
      maxReplyBytes
    })
  })

/**
 * A connection that can be used until the scope closes. Nothing is sent before
 * the first command, so that it fails for options that cannot be used only.
 *
 * @category constructors
 * @since 0.1.0
 */
export const connect = (
  options: ConnectionOptions
): Effect.Effect<Core.Redis["Service"], ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    const settings = yield* checked(options)
    const { close, send, status } = yield* LazyConnection.make(settings)
    const sendCommand: Core.Connection["send"] = <A>(command: string, ...args: ReadonlyArray<string>) =>
      Effect.mapError(send([command, ...args]) as Effect.Effect<A, Error>, (cause) => Core.fromCause(command, cause))
    return yield* Core.make({ send: sendCommand, status, close }, { timeout: settings.commandTimeout })
  })

/**
 * A connection, which several stores can share.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: ConnectionOptions): Layer.Layer<Core.Redis, ConfigurationError> =>
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
): Layer.Layer<Core.Redis, ConfigurationError | Config.ConfigError> =>
  Layer.effect(Core.Redis, Effect.flatMap(Config.unwrap(options), connect))
