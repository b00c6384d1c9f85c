/**
 * URLs of a Redis: `redis://user:password@host:port/database`, or `rediss://`
 * with TLS.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"

/**
 * The address of a Redis, with the other parts of its URL.
 *
 * @category models
 * @since 0.1.0
 */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number | undefined
}

const defaultPort = 6379

/** A part with percent-encoding; none for an empty one. Fails for a malformed one. */
const decodePart = Option.liftThrowable((text: string) => (text === "" ? undefined : decodeURIComponent(text)))

/**
 * The parts of a URL; `undefined` if it is not one of a Redis, with members that
 * have no effect, or with a database that is not a number.
 *
 * @category decoding
 * @since 0.1.0
 */
export const parse = (text: string): RedisAddress | undefined => {
  const url = /^rediss?:\/\//.test(text) ? URL.parse(text) : null
  if (url === null || url.hostname === "" || `${url.search}${url.hash}` !== "") return undefined
  const [, database] = /^\/?(\d{0,6})$/.exec(url.pathname) ?? []
  const username = decodePart(url.username)
  const password = decodePart(url.password)
  if (database === undefined || Option.isNone(username) || Option.isNone(password)) return undefined
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? defaultPort : Number(url.port),
    isTls: url.protocol === "rediss:",
    username: username.value,
    password: password.value,
    database: database === "" ? undefined : Number(database)
  }
}
