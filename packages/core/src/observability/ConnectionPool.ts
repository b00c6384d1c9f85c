/**
 * The connections of an HTTP client to one host, as metrics and health read them.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"

/**
 * The use of a pool at one moment.
 *
 * @category models
 * @since 0.1.0
 */
export interface ConnectionPoolState {
  /** Requests that hold a connection, until their response is complete or abandoned. */
  readonly inUse: number
  /** Requests that wait for a connection. */
  readonly waiting: number
  /** Most requests that hold a connection: one per connection, or 100 over HTTP/2, of which a host may allow fewer. */
  readonly limit: number
  /** Milliseconds since a request last gave up waiting. Absent before the first. */
  readonly millisSinceTimeout?: number
}

/**
 * The pool of the connections to one origin. Clients that share connections
 * share this value.
 *
 * @category models
 * @since 0.1.0
 */
export interface ConnectionPool {
  /** Scheme, address and port, such as `https://api.moonshot.ai`. */
  readonly origin: string
  readonly state: Effect.Effect<ConnectionPoolState>
}
