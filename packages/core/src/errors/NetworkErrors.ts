/**
 * The call did not get through to the host, or the way back broke.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

const code = {
  /** The platform's error code, such as `ECONNRESET`, when it gave one. */
  code: Schema.optionalKey(Schema.String)
}

/**
 * The host name of the base URL could not be resolved. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class DnsError extends TaggedKimiError<DnsError>()("DnsError", code) {}

/**
 * Nothing listens at the base URL. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConnectionRefusedError extends TaggedKimiError<ConnectionRefusedError>()("ConnectionRefusedError", code) {}

/**
 * The connection broke before a whole answer was there. The host may have
 * received the request and may bill it.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConnectionLostError extends TaggedKimiError<ConnectionLostError>()("ConnectionLostError", code) {}

/**
 * The TLS handshake failed, most often over the certificate. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class TlsError extends TaggedKimiError<TlsError>()("TlsError", code) {}

/**
 * The host answered with a redirect. Redirects are not followed, so that key
 * and prompt never reach another place than the configured one.
 *
 * @category errors
 * @since 0.1.0
 */
export class RedirectError extends TaggedKimiError<RedirectError>()("RedirectError", {
  /** Origin that the host pointed to, without path and query. */
  location: Schema.optionalKey(Schema.String)
}) {}
