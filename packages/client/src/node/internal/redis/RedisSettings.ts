/**
 * The options of a connection to Redis, checked, with the parts of its URL.
 *
 * @since 0.1.0
 */
import { X509Certificate } from "node:crypto"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as RedisUrl from "@kimi-effect/core/internal/RedisUrl"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type * as Core from "@kimi-effect/core/Redis"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as LazyConnection from "./LazyConnection.ts"

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
  /** Largest reply, and largest command, in bytes. At most 400 MiB. Defaults to 64 MiB. */
  readonly maxReplyBytes?: number | undefined
}

const { redisCloseTimeout, redisConnectTimeout, redisMaxReplyBytes, redisTimeout } = KimiConfig.defaults

type Address = RedisUrl.RedisAddress | undefined

const urlOf = ({ url }: ConnectionOptions): unknown => (Redacted.isRedacted(url) ? Redacted.value(url) : url)

/** Whether a text has a certificate that can be read. */
const isPem = (text: unknown): boolean =>
  typeof text === "string" && Result.isSuccess(Result.try(() => new X509Certificate(text)))

const isText = (value: unknown): boolean => value === undefined || (typeof value === "string" && value !== "")

const isPassword = (value: unknown): boolean =>
  value === undefined || (Redacted.isRedacted(value) && isText(Redacted.value(value)))

const isDatabase = (value: number | undefined): boolean =>
  value === undefined || (Number.isInteger(value) && value >= 0 && value < 1_000_000)

const addressRules = ({ ca, serverName }: ConnectionOptions, address: Address): ReadonlyArray<OptionRules.Rule> => {
  const wantsTls = ca !== undefined || serverName !== undefined
  return [
    [
      "url",
      address !== undefined && (address.isTls || !wantsTls),
      wantsTls
        ? "an address that begins with rediss://, because ca and serverName are for TLS"
        : "an address that begins with redis:// or rediss://, without a query, and with a number as its path if any"
    ],
    ["ca", ca === undefined || isPem(ca), "certificates as PEM text"],
    ["serverName", isText(serverName), "the name of a host"]
  ]
}

const credentialRules = (options: ConnectionOptions, address: Address): ReadonlyArray<OptionRules.Rule> => {
  const { password, username } = options
  const hasPassword = (password ?? address?.password) !== undefined
  const hasUser = (username ?? address?.username) !== undefined
  return [
    ["username", isText(username) && (hasPassword || !hasUser), "a text, together with a password"],
    ["password", isPassword(password), "a redacted text: use Redacted.make(password)"]
  ]
}

const rulesOf = (options: ConnectionOptions, address: Address): ReadonlyArray<OptionRules.Rule> => [
  ...addressRules(options, address),
  ...credentialRules(options, address),
  ["database", isDatabase(options.database), "a whole number of zero or more"],
  OptionRules.positiveDuration("timeout", options.timeout),
  OptionRules.positiveDuration("connectTimeout", options.connectTimeout),
  OptionRules.positiveDuration("closeTimeout", options.closeTimeout),
  OptionRules.bytes("maxReplyBytes", options.maxReplyBytes, 1_024, 419_430_400)
]

const redacted = (text: string | undefined): Redacted.Redacted<string> | undefined =>
  text === undefined ? undefined : Redacted.make(text)

const targetOf = (options: ConnectionOptions, address: RedisUrl.RedisAddress) => ({
  host: address.host,
  port: address.port,
  tls: address.isTls ? { ca: options.ca, serverName: options.serverName } : undefined,
  username: options.username ?? address.username,
  password: options.password ?? redacted(address.password),
  database: options.database ?? address.database ?? 0
})

const boundsOf = (options: ConnectionOptions) => ({
  connectTimeout: OptionRules.durationOf(options.connectTimeout ?? redisConnectTimeout),
  commandTimeout: OptionRules.durationOf(options.timeout ?? redisTimeout),
  closeTimeout: OptionRules.durationOf(options.closeTimeout ?? redisCloseTimeout),
  maxReplyBytes: options.maxReplyBytes ?? redisMaxReplyBytes
})

/**
 * The settings of a connection. The error names every option that cannot be used.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromOptions = (options: ConnectionOptions): Effect.Effect<LazyConnection.Options, ConfigurationError> =>
  Effect.suspend(() => {
    const url = urlOf(options)
    const address = typeof url === "string" ? RedisUrl.parse(url) : undefined
    const issues = OptionRules.issuesOf("Redis", rulesOf(options, address))
    return address === undefined || issues.length > 0
      ? Effect.fail(ConfigurationError.of(issues))
      : Effect.succeed({ ...targetOf(options, address), ...boundsOf(options) })
  })
