/**
 * The request did not reach the host, or the connection broke before the response was complete.
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
 * The host of the base URL does not accept connections. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConnectionRefusedError extends TaggedKimiError<ConnectionRefusedError>()("ConnectionRefusedError", code) {}

/**
 * The connection broke before the response was complete. The host may have
 * received the request and may bill it.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConnectionLostError extends TaggedKimiError<ConnectionLostError>()("ConnectionLostError", code) {}

/**
 * The TLS handshake failed, usually because of the certificate. Nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class TlsError extends TaggedKimiError<TlsError>()("TlsError", code) {}

/**
 * The host answered with a redirect. Redirects are not followed, so that the key
 * and the prompt are only sent to the configured host.
 *
 * @category errors
 * @since 0.1.0
 */
export class RedirectError extends TaggedKimiError<RedirectError>()("RedirectError", {
  /** Origin of the redirect's target, without path and query. */
  location: Schema.optionalKey(Schema.String)
}) {}

/**
 * A firewall, gateway or proxy between this program and the host refused the
 * request, so the host has not seen it: a page under HTTP 401 or 403, HTTP 407
 * or 511, or a tunnel that a proxy refused. It does not depend on the key.
 *
 * @category errors
 * @since 0.1.0
 */
export class GatewayRefusedError extends TaggedKimiError<GatewayRefusedError>()("GatewayRefusedError", code) {}
