/** A failure below HTTP: no connection, a broken one, or a body that stopped. */
import { ConnectionLostError, ConnectionRefusedError, DnsError, TlsError } from "@kimi-effect/core/errors/NetworkErrors"
import { ResponseTooLargeError } from "@kimi-effect/core/errors/ResourceErrors"
import { StreamInterruptedError } from "@kimi-effect/core/errors/StreamErrors"
import { ConnectTimeoutError } from "@kimi-effect/core/errors/TimeoutErrors"
import type * as Duration from "effect/Duration"
import * as HttpClientError from "effect/http/HttpClientError"
import { type Call, idsOf } from "./mapError.ts"

/** Every error below HTTP. */
export type TransportError =
  | DnsError
  | ConnectionRefusedError
  | ConnectionLostError
  | TlsError
  | ConnectTimeoutError
  | ResponseTooLargeError

const maxDepth = 6

/** The platform's code, searched through causes and aggregates. Causes may be circular, so the depth is bounded. */
const codeOf = (error: unknown, depth = 0): string | undefined => {
  if (depth > maxDepth || typeof error !== "object" || error === null) return undefined
  if ("code" in error && typeof error.code === "string") return error.code.slice(0, 64)
  if ("reason" in error) {
    const code = codeOf(error.reason, depth + 1)
    if (code !== undefined) return code
  }
  if ("cause" in error) {
    const code = codeOf(error.cause, depth + 1)
    if (code !== undefined) return code
  }
  return "errors" in error && Array.isArray(error.errors) ? codeOf(error.errors[0], depth + 1) : undefined
}

const isTls = (code: string): boolean =>
  /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|EPROTO)/.test(code)

/** With the host's ids where the answer had begun. */
const commonOf = (error: unknown, call: Call) => (message: string) => ({
  message,
  provider: call.provider,
  ...(call.model === undefined ? {} : { model: call.model }),
  ...(HttpClientError.isHttpClientError(error) && error.response !== undefined
    ? idsOf(error.response.headers, call.secret)
    : {})
})

/** A call that failed before its answer was whole. The server's text is not quoted: there is none. */
export const fromTransport = (
  error: unknown,
  call: Call,
  bounds: { readonly connectTimeout: Duration.Duration; readonly maxResponseBytes: number }
): TransportError => {
  const code = codeOf(error)
  const common = commonOf(error, call)
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
      return new ConnectTimeoutError({
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
      return code !== undefined && isTls(code)
        ? new TlsError({ ...common("The TLS handshake with the host failed"), ...fields })
        : new ConnectionLostError({
            ...common("The connection to the host broke before the answer was complete"),
            ...fields
          })
  }
}

/** A stream whose connection broke. */
export const fromBrokenStream = (error: unknown, call: Call): StreamInterruptedError => {
  const code = codeOf(error)
  return new StreamInterruptedError({
    ...commonOf(error, call)("The connection to the host broke in the middle of the stream"),
    ...(code === undefined ? {} : { code })
  })
}
