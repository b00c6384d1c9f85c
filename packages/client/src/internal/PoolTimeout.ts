/** How the HTTP client reports that no connection became free in time. */
import * as Duration from "effect/Duration"

/** The cause of a transport error: the call waited in vain, and nothing was sent. */
export class PoolTimeout extends Error {
  /** How long the call waited. */
  readonly timeout: Duration.Duration

  /** `limit` is the number of calls that the pool carries at a time. */
  constructor(timeout: Duration.Duration, limit: number) {
    super(`All connections were in use for ${Duration.format(timeout)}; the pool carries ${limit} calls at a time`)
    this.timeout = timeout
  }
}
