/**
 * Maps failures below HTTP: no connection, a broken connection, an incomplete
 * body, or a request that a cassette does not contain.
 */
import type { CassetteMissError } from "@kimi-effect/core/CassetteErrors"
import { isKimiError } from "@kimi-effect/core/internal/ErrorBrand"
import {
  ConnectionLostError,
  ConnectionRefusedError,
  DnsError,
  GatewayRefusedError,
  TlsError
} from "@kimi-effect/core/NetworkErrors"
import { ResponseTooLargeError } from "@kimi-effect/core/ResourceErrors"
import { StreamInterruptedError } from "@kimi-effect/core/StreamErrors"
import { ConnectionPoolTimeoutError, ConnectTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import type * as Duration from "effect/Duration"
import * as HttpClientError from "effect/http/HttpClientError"
import type { ErrorContext } from "./mapError.ts"
import { PoolTimeout } from "./PoolTimeout.ts"
import { responseIds } from "./responseIds.ts"
import { isUnwritten, UnsentRequest } from "./UnsentRequest.ts"

/** Every error below HTTP. */
export type TransportError =
  | DnsError
  | ConnectionRefusedError
  | ConnectionLostError
  | TlsError
  | GatewayRefusedError
  | ConnectTimeoutError
  | ConnectionPoolTimeoutError
  | ResponseTooLargeError
  | CassetteMissError

/** The limits that errors below HTTP report. */
export interface TransportLimits {
  readonly connectTimeout: Duration.Duration
  readonly maxResponseBytes: number
}

const maxCauseDepth = 6

interface SystemError {
  readonly code: string
  /** Whether certainly no whole request was written. */
  readonly isUnsent: boolean
  /** Whether the connection was still being established. */
  readonly isConnecting: boolean
  /** The status with which a proxy refused a tunnel. */
  readonly proxyStatus: number | undefined
}

/** undici has no code for a proxy's refusal. */
const proxyStatusOf = (error: object): number | undefined => {
  if (!("message" in error) || typeof error.message !== "string") return undefined
  const [, refused, status] =
    /^(?:Proxy response \((\d{3})\)|Proxy Authentication Required \((\d{3})\))/.exec(error.message) ?? []
  const text = refused ?? status
  return text === undefined ? undefined : Number(text)
}

const isConnectError = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "syscall" in error && error.syscall === "connect"

/** The errors of several addresses that were tried. */
const attemptsOf = (error: object): ReadonlyArray<unknown> =>
  "errors" in error && Array.isArray(error.errors) ? error.errors : []

/** The errors inside another, the most specific first. */
const nestedErrors = (error: object): ReadonlyArray<unknown> => [
  "reason" in error ? error.reason : undefined,
  "cause" in error ? error.cause : undefined,
  attemptsOf(error)[0]
]

/** The platform's error, searched through causes and aggregates. Causes may be circular, so the depth is limited. */
const findSystemError = (error: unknown, depth = 0): SystemError | undefined => {
  if (depth > maxCauseDepth || typeof error !== "object" || error === null) return undefined
  if ("code" in error && typeof error.code === "string") {
    return {
      code: error.code.slice(0, 64),
      isUnsent: isUnwritten(error),
      // When several addresses were tried, the aggregate has the code and each of its errors the system call.
      isConnecting: isConnectError(error) || attemptsOf(error).some(isConnectError),
      proxyStatus: proxyStatusOf(error)
    }
  }
  if (error instanceof UnsentRequest) {
    const cause = findSystemError(error.cause, depth + 1)
    return { isConnecting: false, proxyStatus: undefined, code: "", ...cause, isUnsent: true }
  }
  for (const nested of nestedErrors(error)) {
    const found = findSystemError(nested, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** Includes the host's ids when the response had begun. */
const makeErrorMembers = (error: unknown, call: ErrorContext) => (message: string) => ({
  message,
  provider: call.provider,
  ...(call.model === undefined ? {} : { model: call.model }),
  ...(HttpClientError.isHttpClientError(error) && error.response !== undefined
    ? responseIds(error.response.headers, call)
    : {})
})

/** The origin of the request: what its URL has beyond that may be private. */
const originOf = (error: unknown): string | undefined => {
  const url = HttpClientError.isHttpClientError(error) ? URL.parse(error.request.url) : null
  return url === null || url.origin === "null" ? undefined : url.origin
}

interface TransportFailure {
  readonly code: string | undefined
  readonly isUnsent: boolean
  readonly isConnecting: boolean
  readonly proxyStatus: number | undefined
  /** The host as text: its origin where that is known. */
  readonly host: string
  /** The proxy in words, which may be what cannot be reached; empty without one. */
  readonly route: string
  readonly members: (message: string) => ReturnType<ReturnType<typeof makeErrorMembers>>
  readonly limits: TransportLimits
}

type CodeMapping = (failure: TransportFailure) => TransportError

const withCode = ({ code, members }: TransportFailure, message: string) => ({
  ...members(message),
  ...(code === undefined || code === "" ? {} : { code })
})

const dns: CodeMapping = (failure) =>
  new DnsError(withCode(failure, `The host name of ${failure.host} could not be resolved${failure.route}`))

const connectionRefused: CodeMapping = (failure) =>
  new ConnectionRefusedError(withCode(failure, `No connection to ${failure.host} can be established${failure.route}`))

const connectTimeout: CodeMapping = ({ host, limits, members, route }) =>
  new ConnectTimeoutError({
    ...members(`No connection to ${host} was established in time${route}`),
    timeout: limits.connectTimeout
  })

/** A request that was not sent is not billed, as if the host had refused the connection. */
const connectionLost: CodeMapping = (failure) =>
  failure.isUnsent
    ? new ConnectionRefusedError(
        withCode(failure, `The connection to ${failure.host} was closed before the request was sent`)
      )
    : new ConnectionLostError(
        withCode(failure, `The connection to ${failure.host} broke before the response was complete`)
      )

/** The system reports a silent connection with the same code; then the request had been sent. */
const timedOut: CodeMapping = (failure) => (failure.isConnecting ? connectTimeout(failure) : connectionLost(failure))

const responseTooLarge: CodeMapping = ({ limits, members }) =>
  new ResponseTooLargeError({ ...members("The response is larger than allowed"), limit: limits.maxResponseBytes })

const tls: CodeMapping = (failure) => new TlsError(withCode(failure, `The TLS handshake with ${failure.host} failed`))

/** A proxy's 5xx means that it cannot reach the host. Nothing was sent to the host in any case. */
const proxyRefused =
  (otherwise: CodeMapping): CodeMapping =>
  (failure) => {
    const { host, proxyStatus } = failure
    if (proxyStatus === undefined) return otherwise(failure)
    if (proxyStatus >= 500) {
      return new ConnectionRefusedError(withCode(failure, `The proxy could not reach ${host} (${proxyStatus})`))
    }
    const message =
      proxyStatus === 407
        ? "The proxy demands authentication (407): give its user and password in the URL of the proxy"
        : `The proxy refused the connection to ${host} (${proxyStatus})`
    return new GatewayRefusedError({ ...withCode(failure, message), status: proxyStatus })
  }

const proxyUnreachable: CodeMapping = (failure) =>
  new ConnectionRefusedError(withCode(failure, `The proxy on the way to ${failure.host} does not accept connections`))

const byCode: ReadonlyMap<string | undefined, CodeMapping> = new Map<string | undefined, CodeMapping>([
  ["ENOTFOUND", dns],
  ["EAI_AGAIN", dns],
  ["ECONNREFUSED", connectionRefused],
  ["ENETUNREACH", connectionRefused],
  ["EHOSTUNREACH", connectionRefused],
  ["EADDRNOTAVAIL", connectionRefused],
  ["ETIMEDOUT", timedOut],
  ["UND_ERR_CONNECT_TIMEOUT", connectTimeout],
  // Only a tunnel through a proxy has a timeout for its headers.
  ["UND_ERR_HEADERS_TIMEOUT", connectTimeout],
  ["UND_ERR_ABORTED", proxyRefused(connectionLost)],
  ["UND_ERR_INVALID_ARG", proxyRefused(connectionLost)],
  ["UND_ERR_PRX_CONN", proxyUnreachable],
  ["UND_ERR_PRX_TLS", tls],
  ["UND_ERR_RES_EXCEEDED_MAX_SIZE", responseTooLarge],
  ["UND_ERR_HEADERS_OVERFLOW", responseTooLarge]
])

const isTlsCode = (code: string | undefined): boolean =>
  code !== undefined &&
  /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|EPROTO)/.test(code)

/** The client's own error, which no system error can resemble. */
const poolTimeoutOf = (error: unknown): PoolTimeout | undefined => {
  if (!HttpClientError.isHttpClientError(error) || error.reason._tag !== "TransportError") return undefined
  return error.reason.cause instanceof PoolTimeout ? error.reason.cause : undefined
}

/**
 * Maps a call that failed before its response was complete. There is no text of the host to quote.
 * `proxy` is the one of the client, without its credentials: then its address is the one that a
 * connection is made to.
 */
export const fromTransport = (
  error: unknown,
  call: ErrorContext,
  limits: TransportLimits,
  proxy?: string
): TransportError => {
  const miss = HttpClientError.isHttpClientError(error) ? error.cause : undefined
  // The class would be loaded by every client for the tests that replay cassettes.
  if (isKimiError(miss) && miss._tag === "CassetteMissError") return miss
  const poolTimeout = poolTimeoutOf(error)
  if (poolTimeout !== undefined) {
    const { message, timeout } = poolTimeout
    return new ConnectionPoolTimeoutError({ ...makeErrorMembers(error, call)(message), timeout })
  }
  const { code, isConnecting = false, isUnsent = false, proxyStatus } = findSystemError(error) ?? {}
  const map = byCode.get(code) ?? (isTlsCode(code) ? tls : connectionLost)
  const host = originOf(error) ?? "the host"
  const route = proxy === undefined ? "" : ` (through the proxy ${proxy})`
  return map({ code, isConnecting, isUnsent, proxyStatus, host, route, members: makeErrorMembers(error, call), limits })
}

/** Maps a stream whose connection broke. */
export const fromBrokenStream = (error: unknown, call: ErrorContext): StreamInterruptedError => {
  const code = findSystemError(error)?.code
  return new StreamInterruptedError({
    ...makeErrorMembers(
      error,
      call
    )(`The connection to ${originOf(error) ?? "the host"} broke in the middle of the stream`),
    ...(code === undefined ? {} : { code })
  })
}
