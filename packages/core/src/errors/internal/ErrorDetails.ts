/**
 * Adds to an error what the place that made it could not know.
 *
 * @since 0.1.0
 */
import type { FailedAttempt } from "../FailedAttempt.ts"
import type { PartialResponse } from "../PartialResponse.ts"

/**
 * What can be added later.
 *
 * @category options
 * @since 0.1.0
 */
export interface ErrorDetails {
  /** What had been received of a stream. An answer of which nothing arrived is left out. */
  readonly partial?: PartialResponse
  /** The host's request id. */
  readonly requestId?: string | undefined
  /** The host's trace id. */
  readonly traceId?: string | undefined
  /** The attempts of a call that was retried. */
  readonly attempts?: ReadonlyArray<FailedAttempt>
}

const isEmpty = ({ content, reasoning_content, tool_calls }: PartialResponse): boolean =>
  content === "" && reasoning_content === "" && tool_calls.length === 0

/**
 * An error cannot be copied member by member: its `stack` reads only from the
 * error it was made for. Every class of the library is built from its members.
 */
const copyWith = <E extends Error>(error: E, members: object): E => {
  const Class = error.constructor as new (members: object) => E
  const copy = new Class({ ...error, message: error.message, ...members })
  Object.defineProperty(copy, "stack", { configurable: true, writable: true, value: error.stack })
  return copy
}

/**
 * The same error with what it lacked; what it carries already stays.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withDetails = <E extends Error>(error: E, { attempts, partial, requestId, traceId }: ErrorDetails): E => {
  const members = {
    ...(partial === undefined || isEmpty(partial) || "partial" in error ? {} : { partial }),
    ...(requestId === undefined || "requestId" in error ? {} : { requestId }),
    ...(attempts === undefined || "attempts" in error ? {} : { attempts }),
    ...(traceId === undefined || "traceId" in error ? {} : { traceId })
  }
  return Object.keys(members).length === 0 ? error : copyWith(error, members)
}

/**
 * The same error with these attempts in place of those that it carries: the
 * place that adds earlier ones knows both.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withAttempts = <E extends Error>(error: E, attempts: ReadonlyArray<FailedAttempt>): E =>
  copyWith(error, { attempts })
