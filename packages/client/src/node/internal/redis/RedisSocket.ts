/**
 * One connection to Redis: sends commands without waiting for the replies to
 * earlier ones, and assigns replies in their order.
 *
 * The reply to a command that was abandoned is read and dropped in its place,
 * so that it never becomes the reply to another command. Bytes that cannot be
 * assigned end the connection.
 *
 * @since 0.1.0
 */
import type * as Net from "node:net"
import * as RespCommand from "./RespCommand.ts"
import { type Reply, ReplyError, RespReader } from "./RespReader.ts"

/**
 * A failure of a connection, with a code for programs and without any text of
 * the server.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConnectionError extends Error {
  override readonly name: string = "ConnectionError"
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * A command that waits for its reply.
 *
 * @category models
 * @since 0.1.0
 */
export interface Command {
  readonly args: ReadonlyArray<string>
  /** The time at which it was accepted, in milliseconds of a monotonic clock. */
  readonly acceptedAt: number
  /** Whether its caller was interrupted and does not wait for the reply. */
  isAbandoned: boolean
  readonly succeed: (reply: Reply) => void
  readonly fail: (cause: Error) => void
}

interface Pending {
  readonly command: Command
  next: Pending | undefined
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly maxReplyBytes: number
}

/**
 * A connection that is open, or has ended permanently.
 *
 * @category models
 * @since 0.1.0
 */
export class RedisSocket {
  /** How many replies to commands have arrived. */
  replies = 0
  /** What ended the connection. */
  failure: Error | undefined
  readonly #socket: Net.Socket
  #head: Pending | undefined
  #tail: Pending | undefined
  #pending = 0
  #unsent = ""
  readonly #onEnd: Array<(failure: Error) => void> = []
  readonly #onIdle: Array<() => void> = []

  constructor(socket: Net.Socket, { maxReplyBytes }: Options) {
    this.#socket = socket
    const reader = new RespReader(maxReplyBytes, (reply) => this.#receive(reply))
    socket
      .on("data", (chunk: Buffer) => {
        try {
          reader.push(chunk)
        } catch (error) {
          this.destroy(error instanceof Error ? error : new ConnectionError("invalidReply", "The reply is unreadable"))
        }
      })
      .on("error", (error) => this.destroy(error))
      .on("close", () => this.destroy(new ConnectionError("connectionLost", "The server closed the connection")))
  }

  /** How many commands have no reply yet, with those that were abandoned. */
  get pending(): number {
    return this.#pending
  }

  /** Bytes that wait to be sent. */
  get unsentBytes(): number {
    return this.#socket.writableLength + this.#unsent.length
  }

  /** The command that has waited for its reply for the longest time. */
  get oldest(): Command | undefined {
    return this.#head?.command
  }

  /** Sends a command, or fails it where the connection has ended. */
  send(command: Command): void {
    if (this.failure !== undefined) return command.fail(this.failure)
    const text = RespCommand.encode(command.args)
    const pending: Pending = { command, next: undefined }
    if (this.#tail === undefined) this.#head = pending
    else this.#tail.next = pending
    this.#tail = pending
    this.#pending += 1
    // Commands of one turn of the event loop are one write.
    if (this.#unsent === "") queueMicrotask(() => this.#flush())
    this.#unsent += text
  }

  /** Calls back once when the connection has ended, at once if it has. */
  onEnd(run: (failure: Error) => void): void {
    if (this.failure === undefined) this.#onEnd.push(run)
    else run(this.failure)
  }

  /** Calls back once when no command waits for a reply, or the connection has ended. */
  onIdle(run: () => void): void {
    if (this.#pending === 0) run()
    else this.#onIdle.push(run)
  }

  /** Ends the connection, and fails the commands without a reply. */
  destroy(failure: Error): void {
    if (this.failure !== undefined) return
    this.failure = failure
    this.#socket.destroy()
    const head = this.#head
    this.#head = this.#tail = undefined
    this.#pending = 0
    for (let at = head; at !== undefined; at = at.next) {
      if (!at.command.isAbandoned) at.command.fail(failure)
    }
    for (const run of this.#onEnd.splice(0)) run(failure)
    for (const run of this.#onIdle.splice(0)) run()
  }

  #flush(): void {
    const text = this.#unsent
    this.#unsent = ""
    if (this.failure === undefined) this.#socket.write(text)
  }

  #receive(reply: Reply): void {
    // Replies that were read from the same chunk as the end of the connection.
    if (this.failure !== undefined) return
    const head = this.#head
    if (head === undefined) return this.destroy(this.#unexpected(reply))
    this.#head = head.next
    if (head.next === undefined) this.#tail = undefined
    this.#pending -= 1
    this.replies += 1
    if (!head.command.isAbandoned) head.command.succeed(reply)
    if (this.#pending === 0) for (const run of this.#onIdle.splice(0)) run()
  }

  /** Redis refuses a connection with an error that replies to no command. */
  #unexpected(reply: Reply): Error {
    return reply instanceof ReplyError
      ? new ConnectionError(reply.code, "The server refused the connection")
      : new ConnectionError("invalidReply", "The server sent a reply to no command")
  }
}
