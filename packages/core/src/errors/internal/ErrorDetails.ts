/**
 * Adds details to an error that were unknown where it was created.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { FailedAttempt } from "../FailedAttempt.ts"
import type { PartialResponse } from "../PartialResponse.ts"

/**
 * Details that can be added later.
 *
 * @category options
 * @since 0.1.0
 */
export interface ErrorDetails {
  /** The received part of a stream. An empty one is left out. */
  readonly partial?: PartialResponse
  /** The host's request id. */
  readonly requestId?: string | undefined
  /** The host's trace id. */
  readonly traceId?: string | undefined
  /** The wait that would have been needed. */
  readonly retryAfter?: Duration.Duration | undefined
  /** The attempts of a call that was retried. */
  readonly attempts?: ReadonlyArray<FailedAttempt>
}

const isEmpty = ({ content, reasoning_content, tool_calls, usage }: PartialResponse): boolean =>
  content === "" && reasoning_content === "" && tool_calls.length === 0 && usage === undefined

/**
 * An error cannot be copied member by member: its `stack` can be read only from
 * the original. Every class of the library is constructed from its members.
 */
const copyWith = <E extends Error>(error: E, members: object): E => {
  const Class = error.constructor as new (members: object) => E
  const copy = new Class({ ...error, message: error.message, ...members })
  Object.defineProperty(copy, "stack", { configurable: true, writable: true, value: error.stack })
  return copy
}

/**
 * Returns the error with the details that it lacks; details that it has stay.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withDetails = <E extends Error>(error: E, { partial, ...others }: ErrorDetails): E => {
  const details = { ...others, partial: partial === undefined || isEmpty(partial) ? undefined : partial }
  const lacking = Object.entries(details).filter(([name, detail]) => detail !== undefined && !(name in error))
  return lacking.length === 0 ? error : copyWith(error, Object.fromEntries(lacking))
}

/**
 * Returns the error with these attempts in place of those that it has. The caller
 * has joined earlier and later attempts.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withAttempts = <E extends Error>(error: E, attempts: ReadonlyArray<FailedAttempt>): E =>
  copyWith(error, { attempts })
