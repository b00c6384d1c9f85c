/**
 * Records the last attempt in the state of its call: a fallback may have
 * replaced the call, and the response then belongs to another one.
 *
 * It is innermost, around the transport.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Attempt, Call, StreamAttempt } from "../Call.ts"

const setLastAttempt = (call: Call): void => {
  if (call.state !== undefined) call.state.lastAttempt = call
}

/**
 * Records calls that return a whole response.
 *
 * @category combinators
 * @since 0.1.0
 */
export const recordLastAttempt =
  (attempt: Attempt): Attempt =>
  (call) =>
    Effect.suspend(() => {
      setLastAttempt(call)
      return attempt(call)
    })

/**
 * Records calls that return a stream, when they begin.
 *
 * @category combinators
 * @since 0.1.0
 */
export const recordLastStreamAttempt =
  (attempt: StreamAttempt): StreamAttempt =>
  (call) =>
    call.state === undefined
      ? attempt(call)
      : Stream.suspend(() => {
          setLastAttempt(call)
          return attempt(call)
        })
