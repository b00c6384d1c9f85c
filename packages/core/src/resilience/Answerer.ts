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
import type { Attempt, Call, StreamAttempt } from "./Call.ts"

const note = (call: Call): void => {
  if (call.notes !== undefined) call.notes.answered = call
}

/**
 * Notes calls that give a whole answer.
 *
 * @category combinators
 * @since 0.1.0
 */
export const noted =
  (attempt: Attempt): Attempt =>
  (call) =>
    Effect.suspend(() => {
      note(call)
      return attempt(call)
    })

/**
 * Notes calls that give their answer as a stream, when they begin.
 *
 * @category combinators
 * @since 0.1.0
 */
export const streamNoted =
  (attempt: StreamAttempt): StreamAttempt =>
  (call) =>
    call.notes === undefined
      ? attempt(call)
      : Stream.suspend(() => {
          note(call)
          return attempt(call)
        })
