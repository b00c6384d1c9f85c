/**
 * A connection to Redis that is opened by the first command, and again in the
 * background when it is lost.
 *
 * **Details**
 *
 * - Commands wait for the first attempt to connect, and for the first one after
 *   a connection was lost. After a failed attempt they fail at once with its
 *   reason until the connection is open, because callers that can continue
 *   without Redis must not wait for it. Delays between attempts grow with each
 *   failure.
 * - A command is sent at most once: those without a reply fail with the
 *   connection, since Redis may have run them.
 * - A connection on which a command waits for longer than `commandTimeout` is
 *   replaced, and so is one to a server that has become a replica: after a
 *   failover, the address may lead to another one.
 *
 * @since 0.1.0
 */
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import type { Status } from "@kimi-effect/core/Redis"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as RedisConnect from "./RedisConnect.ts"
import { type Command, ConnectionError, type RedisSocket } from "./RedisSocket.ts"
import { type Reply, ReplyError } from "./RespReader.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends RedisConnect.Target {
  /** How long a command may wait for its reply before the connection is replaced. */
  readonly commandTimeout: Duration.Duration
  /** Longest wait for replies when the connection is closed. */
  readonly closeTimeout: Duration.Duration
}

/**
 * @category models
 * @since 0.1.0
 */
export interface LazyConnection {
  readonly send: (args: ReadonlyArray<string>) => Effect.Effect<Reply, Error>
  readonly status: Effect.Effect<Status>
  /** Waits for replies up to `closeTimeout`. Commands that are sent later fail. */
  readonly close: Effect.Effect<void>
}

/** The maximum number of commands without a reply, and of bytes that wait to be sent. */
const maxPending = 65_536
const maxUnsentBytes = 67_108_864

const firstDelayMillis = 50
const maxDelayMillis = 2_000

/** Random, so that processes that lost their connections together do not reconnect together. */
const delayOf = (failures: number): Effect.Effect<Duration.Duration> =>
  Effect.map(Random.next, (random) =>
    Duration.millis(Math.min(maxDelayMillis, firstDelayMillis * 2 ** Math.min(failures - 1, 10)) * (0.5 + random / 2))
  )

const closed = (): ConnectionError => new ConnectionError("closed", "The connection is closed")

/** Codes of errors that are about a single command and not about the server. */
const ofCommands: ReadonlySet<string> = new Set(["ERR", "NOSCRIPT", "WRONGTYPE", "BUSYKEY", "BUSYGROUP"])

/** Whether the server has become a replica, which takes no writes. Redis before version 7 has the code of a script in its text. */
const isOfReplica = ({ code, message }: ReplyError): boolean =>
  code === "READONLY" || code === "MASTERDOWN" || (code === "ERR" && message.includes("-READONLY "))

/** The state of one connection, changed by commands and by the fiber that keeps it open. */
class Link {
  readonly #options: Options
  readonly #clock: Clock.Clock
  readonly #timeoutMillis: number
  readonly #waiting = new Set<Command>()
  readonly #wanted: Deferred.Deferred<void>
  #state: Status["state"] = "idle"
  #since: number
  #lastError: { readonly reason: string; readonly at: number; readonly failedAt: number } | undefined
  #socket: RedisSocket | undefined
  #opening: RedisSocket | undefined
  #failure: Error = closed()

  constructor(options: Options, clock: Clock.Clock, wanted: Deferred.Deferred<void>) {
    this.#options = options
    this.#clock = clock
    this.#wanted = wanted
    this.#timeoutMillis = Duration.toMillis(options.commandTimeout)
    this.#since = clock.currentTimeMillisUnsafe()
  }

  get status(): Status {
    return {
      state: this.#state,
      since: this.#since,
      ...this.#statusOfError()
    }
  }

  get target(): string {
    return `${this.#options.host}:${this.#options.port}`
  }

  get isClosed(): boolean {
    return this.#state === "closed"
  }

  #now(): number {
    return MonotonicClock.millisUnsafe(this.#clock)
  }

  #enter(state: Status["state"]): void {
    this.#state = state
    this.#since = this.#clock.currentTimeMillisUnsafe()
  }

  #record(reason: string): void {
    this.#lastError = { reason, at: this.#clock.currentTimeMillisUnsafe(), failedAt: this.#now() }
  }

  #statusOfError(): Pick<Status, "lastError"> {
    if (this.#lastError === undefined) return {}
    const { at, failedAt, reason } = this.#lastError
    return { lastError: { reason, at, age: this.#now() - failedAt } }
  }

  command(args: ReadonlyArray<string>, resume: (effect: Effect.Effect<Reply, Error>) => void): Command {
    return {
      args,
      acceptedAt: this.#now(),
      isAbandoned: false,
      fail: (cause) => resume(Effect.fail(cause)),
      succeed: (reply) => {
        if (!(reply instanceof ReplyError)) return resume(Effect.succeed(reply))
        if (!ofCommands.has(reply.code)) this.#record(reply.code)
        // First: the next command of the caller waits for the new connection.
        if (isOfReplica(reply)) {
          this.#socket?.destroy(new ConnectionError("READONLY", "The server has become a replica"))
        }
        resume(Effect.fail(reply))
      }
    }
  }

  /** Sends a command, keeps it until the connection is open, or fails it. */
  submit(command: Command): void {
    if (this.#isTooLarge(command.args)) {
      return command.fail(new ConnectionError("commandTooLarge", "The command is larger than the largest reply"))
    }
    this.#replaceStalled()
    switch (this.#state) {
      case "connected":
        return this.#send(command)
      case "idle":
        Deferred.doneUnsafe(this.#wanted, Effect.void)
        this.#enter("connecting")
        return this.#keep(command)
      case "connecting":
        return this.#keep(command)
      case "disconnected":
      case "closed":
        return command.fail(this.#failure)
    }
  }

  /** A value that could be written but not read would end every connection that reads it. */
  #isTooLarge(args: ReadonlyArray<string>): boolean {
    let length = 0
    for (const arg of args) length += arg.length
    const { maxReplyBytes } = this.#options
    if (length * 3 <= maxReplyBytes) return false
    // A character takes up to three bytes.
    return length > maxReplyBytes || args.reduce((sum, arg) => sum + Buffer.byteLength(arg), 0) > maxReplyBytes
  }

  #keep(command: Command): void {
    if (this.#waiting.size >= maxPending) return command.fail(this.#tooMany())
    this.#waiting.add(command)
  }

  #send(command: Command): void {
    const socket = this.#socket
    if (socket === undefined) return command.fail(this.#failure)
    if (socket.pending >= maxPending || socket.unsentBytes > maxUnsentBytes) return command.fail(this.#tooMany())
    socket.send(command)
  }

  #tooMany(): ConnectionError {
    return new ConnectionError("tooManyPending", "Too many commands have no reply yet")
  }

  /**
   * Forgets a command whose caller was interrupted. One that waits for a
   * connection is never sent, and the reply to one that was sent is dropped. An
   * interrupt may be the timeout of the caller, so it may show that the
   * connection does not reply any more.
   */
  abandon(command: Command): void {
    command.isAbandoned = true
    if (!this.#waiting.delete(command)) this.#replaceStalled()
  }

  /** Replaces a connection that no longer replies: its commands have all timed out. */
  #replaceStalled(): void {
    const oldest = this.#socket?.oldest
    if (oldest === undefined || this.#now() - oldest.acceptedAt < this.#timeoutMillis) return
    this.#socket?.destroy(new ConnectionError("timeout", "A command had no reply in time"))
  }

  /** An attempt to connect. */
  open(): Effect.Effect<RedisSocket, Error> {
    return Effect.suspend(() =>
      RedisConnect.connect(this.#options, this.#now(), (socket) => {
        this.#opening = socket
      })
    )
  }

  /** Uses a new connection until it ends. Returns what ended it. */
  use(socket: RedisSocket): Effect.Effect<Error> {
    return Effect.callback((resume) => {
      this.#opening = undefined
      if (this.isClosed) {
        socket.destroy(this.#failure)
        return resume(Effect.succeed(this.#failure))
      }
      this.#socket = socket
      this.#enter("connected")
      for (const command of this.#waiting) {
        this.#waiting.delete(command)
        this.#send(command)
      }
      socket.onEnd((failure) => {
        this.#socket = undefined
        if (!this.isClosed) {
          this.#record(codeOf(failure))
          // The next attempt follows at once.
          this.#enter("connecting")
        }
        resume(Effect.succeed(failure))
      })
    })
  }

  /** Fails commands until the next attempt. */
  disconnect(failure: Error): void {
    this.#opening?.destroy(failure)
    this.#opening = undefined
    if (this.isClosed) return
    this.#failure = failure
    this.#record(codeOf(failure))
    this.#enter("disconnected")
    this.#failWaiting()
  }

  #failWaiting(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const command of waiting) command.fail(this.#failure)
  }

  close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#enter("closed")
      this.#failure = closed()
      this.#opening?.destroy(this.#failure)
      this.#failWaiting()
      const socket = this.#socket
      if (socket === undefined) return Effect.void
      const idle = Effect.callback<void>((resume) => socket.onIdle(() => resume(Effect.void)))
      return Effect.ensuring(
        Effect.timeoutOption(idle, this.#options.closeTimeout),
        Effect.sync(() => socket.destroy(this.#failure))
      )
    })
  }
}

/** The code of a failure, without its text. */
const codeOf = (failure: Error): string =>
  "code" in failure && typeof failure.code === "string" ? failure.code : failure.name

/** Opens the connection when it is first wanted, and again whenever it has ended. */
const keepOpen = (link: Link, wanted: Deferred.Deferred<void>): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* Deferred.await(wanted)
    let failures = 0
    while (!link.isClosed) {
      const opened = yield* Effect.exit(link.open())
      let failure: Error
      if (Exit.isSuccess(opened)) {
        if (failures > 0) yield* Effect.logDebug(`Redis at ${link.target} is connected again.`)
        const socket = opened.value
        failure = yield* link.use(socket)
        // A server that ends every connection before its first reply is not available.
        failures = socket.replies > 0 ? 0 : failures + 1
      } else {
        failure = Option.getOrElse(Cause.findErrorOption(opened.cause), closed)
        failures += 1
      }
      if (failures === 0 || link.isClosed) continue
      link.disconnect(failure)
      // Each store logs a warning with the reason, and what it does without Redis.
      if (failures === 1) yield* Effect.logDebug(`Redis at ${link.target} is unavailable: ${codeOf(failure)}`)
      yield* Effect.flatMap(delayOf(failures), Effect.sleep)
    }
  })

/**
 * Makes a connection, which does nothing until the first command. Who makes it
 * closes it with `close`; the scope ends the fiber that opens it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<LazyConnection, never, Scope.Scope> =>
  Effect.gen(function* () {
    const wanted = yield* Deferred.make<void>()
    const link = new Link(options, yield* Clock.Clock, wanted)
    yield* Effect.forkScoped(keepOpen(link, wanted))
    return {
      status: Effect.sync(() => link.status),
      close: link.close(),
      send: (args) =>
        Effect.callback((resume) => {
          const command = link.command(args, resume)
          link.submit(command)
          return Effect.sync(() => link.abandon(command))
        })
    }
  })
