/** What a request that failed may have left at the host: it must not be sent again, and paid again, for what was accepted. */
import type { FileUploadError, HostApiError } from "@kimi-effect/core/OperationErrors"

/**
 * `refused` and `not sent` leave nothing. After `unknown` the host may have accepted the request: its answer was
 * lost, could not be read, or came from something in between.
 */
export type Outcome = "refused" | "not sent" | "unknown"

type Failure = HostApiError | FileUploadError

const notSent: ReadonlySet<Failure["_tag"]> = new Set<Failure["_tag"]>([
  "ConnectionPoolTimeoutError",
  "ConnectionRefusedError",
  "ConnectTimeoutError",
  "DnsError",
  "OverloadedError",
  "RateLimitError",
  "TlsError"
])

/** Found by this program, before it sends anything. */
const found: ReadonlySet<Failure["_tag"]> = new Set<Failure["_tag"]>([
  "InvalidRequestError",
  "RequestTooLargeError",
  "UnsupportedOperationError"
])

/** Answers of a proxy or a firewall, or to another request than that of the API. */
const inBetween: ReadonlySet<Failure["_tag"]> = new Set<Failure["_tag"]>([
  "GatewayRefusedError",
  "RedirectError",
  "ResponseTooLargeError"
])

export const outcomeOf = ({ _tag, isRetryable, status }: Failure): Outcome => {
  if (notSent.has(_tag)) return "not sent"
  if (isRetryable || inBetween.has(_tag)) return "unknown"
  if (status === undefined) return found.has(_tag) ? "refused" : "unknown"
  return status >= 400 && status < 500 ? "refused" : "unknown"
}
