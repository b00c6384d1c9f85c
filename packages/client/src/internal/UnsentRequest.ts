/** Failures before the whole request was written, so that the host cannot have billed it. */

/** A failure before any byte of the request was written, so that the host cannot have billed it. */
export class UnsentRequest extends Error {
  override readonly name = "UnsentRequest"

  constructor(cause: unknown) {
    super("The request was not sent", { cause })
  }
}

/** Node's message for a connection that broke during the TLS handshake, which has the code of any other. */
const isHandshake = (error: object): boolean =>
  "message" in error && typeof error.message === "string" && /before secure TLS connection/.test(error.message)

/**
 * A socket without a written byte, a broken handshake, and a failed write: the
 * host has not received the whole request, so that it cannot have billed it.
 */
export const isUnwritten = (error: object): boolean => {
  if ("syscall" in error && error.syscall === "write" && "code" in error && error.code === "EPIPE") return true
  if (isHandshake(error)) return true
  const socket = "socket" in error ? error.socket : undefined
  return typeof socket === "object" && socket !== null && "bytesWritten" in socket && socket.bytesWritten === 0
}
