/**
 * Tells the stages of a call which call was made last: a fallback may have put
 * another one in the place of theirs, and its answer is not theirs.
 *
 * It stands innermost, around what makes the call.
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
 * Notes calls that give a whole answer.
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
 * Notes calls that give their answer as a stream, when they begin.
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
