/**
 * Opens a connection to Redis: TCP or TLS, then credentials, database and a
 * `PING`, which finds out whether the server can serve commands.
 *
 * @since 0.1.0
 */
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { ConnectionError, RedisSocket } from "./RedisSocket.ts"
import { type Reply, ReplyError } from "./RespReader.ts"

/**
 * A server, and the user of the connection.
 *
 * @category options
 * @since 0.1.0
 */
export interface Target {
  readonly host: string
  readonly port: number
  /** With TLS where it is given. */
  readonly tls: { readonly ca: string | undefined; readonly serverName: string | undefined } | undefined
  readonly username: string | undefined
  readonly password: Redacted.Redacted<string> | undefined
  readonly database: number
  /** Longest wait for a connection that is ready for commands. */
  readonly connectTimeout: Duration.Duration
  readonly maxReplyBytes: number
}

const keepAlive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 } as const

const openSocket = ({ host, port, tls }: Target): Net.Socket =>
  tls === undefined
    ? Net.connect({ host, port, ...keepAlive })
    : Tls.connect({
        host,
        port,
        ca: tls.ca,
        // By default the host.
        ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
        ...keepAlive
      })

/** Errors of `PING` after which other commands may succeed: of a user who may not run it, of a full disk, of a long script. */
const harmless: ReadonlySet<string> = new Set(["NOPERM", "MISCONF", "BUSY"])

interface Greeting {
  readonly args: ReadonlyArray<string>
  readonly isFatal: (error: ReplyError) => boolean
}

const always = () => true

const greetingsOf = ({ database, password, username }: Target): ReadonlyArray<Greeting> => {
  const credentials =
    password === undefined ? [] : [...(username === undefined ? [] : [username]), Redacted.value(password)]
  return [
    ...(credentials.length === 0 ? [] : [{ args: ["AUTH", ...credentials], isFatal: always }]),
    ...(database === 0 ? [] : [{ args: ["SELECT", `${database}`], isFatal: always }]),
    { args: ["PING"], isFatal: ({ code }) => !harmless.has(code) }
  ]
}

/** Sends the greetings, and calls back with the first failure, or when all were accepted. */
const greet = (socket: RedisSocket, target: Target, now: number, done: (failure?: Error) => void): void => {
  const greetings = greetingsOf(target)
  let missing = greetings.length
  const settle = ({ args: [name], isFatal }: Greeting, reply: Reply): void => {
    missing -= 1
    if (reply instanceof ReplyError && isFatal(reply)) {
      // Servers repeat arguments in errors, so that the text of this one may contain the password.
      return done(new ConnectionError(reply.code, `The server refused ${name}`))
    }
    if (missing === 0) done()
  }
  for (const greeting of greetings) {
    socket.send({
      args: greeting.args,
      acceptedAt: now,
      isAbandoned: false,
      succeed: (reply) => settle(greeting, reply),
      fail: done
    })
  }
}

const connectNow = (
  target: Target,
  now: number,
  onSocket: (socket: RedisSocket) => void
): Effect.Effect<RedisSocket, Error> =>
  Effect.callback((resume) => {
    const opened = Result.try(() => openSocket(target))
    if (Result.isFailure(opened)) {
      return resume(Effect.fail(new ConnectionError("invalidOptions", "The options of TLS cannot be used")))
    }
    const raw = opened.success
    const socket = new RedisSocket(raw, target)
    onSocket(socket)
    socket.onEnd((failure) => resume(Effect.fail(failure)))
    raw.once(target.tls === undefined ? "connect" : "secureConnect", () =>
      greet(socket, target, now, (failure) => {
        socket.replies = 0
        resume(failure === undefined ? Effect.succeed(socket) : Effect.fail(failure))
      })
    )
  })

/**
 * A connection that is ready for commands. The socket is passed to `onSocket`
 * before it is connected, and the caller must destroy it after a failure or an
 * interrupt.
 *
 * @category constructors
 * @since 0.1.0
 */
export const connect = (
  target: Target,
  now: number,
  onSocket: (socket: RedisSocket) => void
): Effect.Effect<RedisSocket, Error> =>
  Effect.timeoutOrElse(connectNow(target, now, onSocket), {
    duration: target.connectTimeout,
    orElse: () =>
      Effect.fail(
        new ConnectionError("connectTimeout", `No usable connection within ${Duration.format(target.connectTimeout)}`)
      )
  })
