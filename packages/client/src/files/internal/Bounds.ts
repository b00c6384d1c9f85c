/** What bounds the operations of files. */
import type * as Duration from "effect/Duration"

/** The options of `Files` with their defaults applied. */
export interface Bounds {
  /** The largest file. */
  readonly maxBytes: number
  /** The longest wait for the next piece, which the host takes or sends. */
  readonly idleTimeout: Duration.Duration
  /** The longest wait for a response, of an upload from its last piece. */
  readonly responseTimeout: Duration.Duration
  /** The longest upload as a whole. */
  readonly uploadTimeout: Duration.Duration
}
