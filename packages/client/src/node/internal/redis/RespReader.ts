/**
 * Reads replies in version 2 of the Redis serialization protocol (RESP) from
 * the chunks of a connection, within bounds: the bytes, the elements and the
 * depth of a reply are limited before memory is used for them.
 *
 * It throws a `ReplyProtocolError` for bytes that are not such replies. What
 * follows them cannot be assigned to commands, so the connection must be closed.
 *
 * @since 0.1.0
 */

/**
 * A reply. Errors are values, because they also occur inside of arrays.
 *
 * @category models
 * @since 0.1.0
 */
export type Reply = string | number | null | ReplyError | ReadonlyArray<Reply>

/**
 * An error of Redis: a code such as `NOSCRIPT`, and a text, which may contain
 * keys and values.
 *
 * @category errors
 * @since 0.1.0
 */
export class ReplyError extends Error {
  override readonly name: string = "ReplyError"
  readonly code: string

  constructor(text: string) {
    super(text)
    // Proxies and old servers send errors without a code.
    this.code = /^[A-Z]{2,32}(?= |$)/.exec(text)?.[0] ?? "ERR"
  }
}

/**
 * Bytes that are no reply, or a reply over a limit. It has no bytes of the
 * connection in its text.
 *
 * @category errors
 * @since 0.1.0
 */
export class ReplyProtocolError extends Error {
  override readonly name: string = "ReplyProtocolError"
  readonly code: "invalidReply" | "replyTooLarge"

  constructor(code: "invalidReply" | "replyTooLarge", message: string) {
    super(message)
    this.code = code
  }
}

/** The deepest reply of the library's scripts has two levels. */
const maxDepth = 32

/** An empty element takes a few bytes on the wire, and tens of them in memory. */
const maxElements = 1_000_000

/** Of a status, an error, a number or a length. */
const maxLineBytes = 65_536

/** The first part of a bulk string for which memory is allocated; it grows with the bytes that arrive. */
const firstBodyBytes = 65_536

const cr = 13
const lf = 10

const tooLarge = (limit: string): ReplyProtocolError =>
  new ReplyProtocolError("replyTooLarge", `The reply has more than ${limit}`)

const invalid = (): ReplyProtocolError =>
  new ReplyProtocolError("invalidReply", "The server does not speak the protocol of Redis")

/** A whole number with an optional sign between two positions. */
const integerIn = (bytes: Buffer, from: number, to: number): number => {
  const sign = bytes[from] === 0x2d ? -1 : 1
  const first = sign < 0 || bytes[from] === 0x2b ? from + 1 : from
  if (first >= to || to - first > 19) throw invalid()
  let value = 0
  for (let at = first; at < to; at++) {
    const digit = (bytes[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) throw invalid()
    value = value * 10 + digit
  }
  return sign * value
}

interface OpenArray {
  readonly values: Array<Reply>
  readonly length: number
}

/** A bulk string whose bytes arrive in several chunks. */
interface OpenBody {
  readonly length: number
  bytes: Buffer
  filled: number
}

/**
 * The reader of one connection.
 *
 * @category models
 * @since 0.1.0
 */
export class RespReader {
  readonly #maxReplyBytes: number
  readonly #onReply: (reply: Reply) => void
  readonly #arrays: Array<OpenArray> = []
  #body: OpenBody | undefined
  #line: Buffer | undefined
  #bytes = 0
  #elements = 0

  constructor(maxReplyBytes: number, onReply: (reply: Reply) => void) {
    this.#maxReplyBytes = maxReplyBytes
    this.#onReply = onReply
  }

  /** Reads a chunk, and passes on each reply that is complete with it. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      at = this.#body === undefined ? this.#readLine(chunk, at) : this.#readBody(this.#body, chunk, at)
    }
  }

  #readLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(lf, at)
    const held = this.#line
    if ((held?.length ?? 0) + (end < 0 ? chunk.length : end) - at > maxLineBytes) throw invalid()
    if (end < 0) {
      // A copy, so that the whole chunk is not retained.
      const rest = chunk.subarray(at)
      this.#line = held === undefined ? Buffer.from(rest) : Buffer.concat([held, rest])
      return chunk.length
    }
    if (held === undefined) return this.#readWhole(chunk, at, end)
    this.#line = undefined
    const line = Buffer.concat([held, chunk.subarray(at, end + 1)])
    this.#readWhole(line, 0, line.length - 1)
    return end + 1
  }

  /** A line from its type to its line feed. Returns where the next one begins. */
  #readWhole(bytes: Buffer, at: number, end: number): number {
    if (end - 1 <= at || bytes[end - 1] !== cr) throw invalid()
    this.#count(end + 1 - at)
    const from = at + 1
    const to = end - 1
    switch (bytes[at]) {
      case 0x2b: // +
        this.#add(bytes.toString("utf8", from, to))
        break
      case 0x2d: // -
        this.#add(new ReplyError(bytes.toString("utf8", from, to)))
        break
      case 0x3a: // :
        this.#add(integerIn(bytes, from, to))
        break
      case 0x24: // $
        this.#openBody(integerIn(bytes, from, to))
        break
      case 0x2a: // *
        this.#openArray(integerIn(bytes, from, to))
        break
      default:
        throw invalid()
    }
    return end + 1
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#maxReplyBytes) throw tooLarge(`${this.#maxReplyBytes} bytes`)
  }

  #openBody(length: number): void {
    if (length === -1) return this.#add(null)
    if (length < 0) throw invalid()
    this.#count(length)
    this.#body = { length, bytes: Buffer.alloc(0), filled: 0 }
  }

  #openArray(length: number): void {
    if (length === -1) return this.#add(null)
    if (length < 0) throw invalid()
    if (length > maxElements) throw tooLarge(`${maxElements} elements`)
    if (length === 0) return this.#add([])
    if (this.#arrays.length === maxDepth) throw tooLarge(`${maxDepth} levels`)
    this.#arrays.push({ values: [], length })
  }

  #readBody(body: OpenBody, chunk: Buffer, at: number): number {
    const size = body.length + 2
    const end = Math.min(chunk.length, at + size - body.filled)
    if (body.filled === 0 && end - at === size) {
      this.#closeBody(chunk, at, body.length)
      return end
    }
    const filled = body.filled + end - at
    if (filled > body.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.min(size, Math.max(firstBodyBytes, filled, body.bytes.length * 2)))
      body.bytes.copy(larger, 0, 0, body.filled)
      body.bytes = larger
    }
    chunk.copy(body.bytes, body.filled, at, end)
    body.filled = filled
    if (filled === size) this.#closeBody(body.bytes, 0, body.length)
    return end
  }

  #closeBody(bytes: Buffer, at: number, length: number): void {
    const end = at + length
    if (bytes[end] !== cr || bytes[end + 1] !== lf) throw invalid()
    this.#body = undefined
    this.#add(bytes.toString("utf8", at, end))
  }

  /** Adds a value to the innermost array, and passes on the reply that it completes. */
  #add(value: Reply): void {
    let complete = value
    for (let array = this.#arrays.at(-1); array !== undefined; array = this.#arrays.at(-1)) {
      this.#elements += 1
      if (this.#elements > maxElements) throw tooLarge(`${maxElements} elements`)
      array.values.push(complete)
      if (array.values.length < array.length) return
      this.#arrays.pop()
      complete = array.values
    }
    this.#bytes = 0
    this.#elements = 0
    this.#onReply(complete)
  }
}
