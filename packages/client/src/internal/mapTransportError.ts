/** A failure below HTTP: no connection, a broken one, or a body that stopped. */
import { ConnectionLostError, ConnectionRefusedError, DnsError, TlsError } from "@kimi-effect/core/NetworkErrors"
import { ResponseTooLargeError } from "@kimi-effect/core/ResourceErrors"
import { StreamInterruptedError } from "@kimi-effect/core/StreamErrors"
import { ConnectTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import type * as Duration from "effect/Duration"
import * as HttpClientError from "effect/http/HttpClientError"
import { type ErrorContext, responseIds } from "./mapError.ts"

/** Every error below HTTP. */
export type TransportError =
  | DnsError
  | ConnectionRefusedError
  | ConnectionLostError
  | TlsError
  | ConnectTimeoutError
  | ResponseTooLargeError

const maxCauseDepth = 6

interface SystemError {
  readonly code: string
  /** Whether the system was still connecting. */
  readonly isConnecting: boolean
}

const isConnectError = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "syscall" in error && error.syscall === "connect"

/** The platform's fault, searched through causes and aggregates. Causes may be circular, so the depth is bounded. */
const findSystemError = (error: unknown, depth = 0): SystemError | undefined => {
  if (depth > maxCauseDepth || typeof error !== "object" || error === null) return undefined
  if ("code" in error && typeof error.code === "string") {
    // Where several addresses were tried, the code stands on the aggregate and the call in each of its errors.
    const attempts: ReadonlyArray<unknown> = "errors" in error && Array.isArray(error.errors) ? error.errors : []
    return { code: error.code.slice(0, 64), isConnecting: isConnectError(error) || attempts.some(isConnectError) }
  }
  const reason = "reason" in error ? findSystemError(error.reason, depth + 1) : undefined
  const cause = reason ?? ("cause" in error ? findSystemError(error.cause, depth + 1) : undefined)
  return (
    cause ??
    ("errors" in error && Array.isArray(error.errors) ? findSystemError(error.errors[0], depth + 1) : undefined)
  )
}

const isTlsCode = (code: string): boolean =>
  /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|EPROTO)/.test(code)

/** With the host's ids where the answer had begun. */
const makeErrorMembers = (error: unknown, call: ErrorContext) => (message: string) => ({
  message,
  provider: call.provider,
  ...(call.model === undefined ? {} : { model: call.model }),
  ...(HttpClientError.isHttpClientError(error) && error.response !== undefined
    ? responseIds(error.response.headers, call.secret)
    : {})
})

/** A call that failed before its answer was whole. The server's text is not quoted: there is none. */
export const fromTransport = (
  error: unknown,
  call: ErrorContext,
  bounds: { readonly connectTimeout: Duration.Duration; readonly maxResponseBytes: number }
): TransportError => {
  const fault = findSystemError(error)
  const code = fault?.code
  const common = makeErrorMembers(error, call)
  const lost = "The connection to the host broke before the answer was complete"
  const fields = code === undefined ? {} : { code }
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new DnsError({ ...common("The host name of the base URL could not be resolved"), ...fields })
    case "ECONNREFUSED":
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "EADDRNOTAVAIL":
      return new ConnectionRefusedError({ ...common("The host does not take connections"), ...fields })
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
      // The system's code stands for a connection that went silent, too; then the request had been sent.
      return code === "ETIMEDOUT" && fault?.isConnecting === false
        ? new ConnectionLostError({ ...common(lost), ...fields })
        : new ConnectTimeoutError({
            ...common("No connection to the host was established in time"),
            timeout: bounds.connectTimeout
          })
    case "UND_ERR_RES_EXCEEDED_MAX_SIZE":
    case "UND_ERR_HEADERS_OVERFLOW":
      return new ResponseTooLargeError({
        ...common("The answer is larger than allowed"),
        limit: bounds.maxResponseBytes
      })
    default:
      return code !== undefined && isTlsCode(code)
        ? new TlsError({ ...common("The TLS handshake with the host failed"), ...fields })
        : new ConnectionLostError({
            ...common(lost),
            ...fields
          })
  }
}

/** A stream whose connection broke. */
export const fromBrokenStream = (error: unknown, call: ErrorContext): StreamInterruptedError => {
  const code = findSystemError(error)?.code
  return new StreamInterruptedError({
    ...makeErrorMembers(error, call)("The connection to the host broke in the middle of the stream"),
    ...(code === undefined ? {} : { code })
  })
}
