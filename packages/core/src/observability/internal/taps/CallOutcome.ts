/**
 * The outcomes of calls, attempts and waits, as in records and metrics.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { KimiError } from "../../../errors/KimiError.ts"
import type { ErrorSummary, Outcome, StreamEnd } from "../../CallRecord.ts"

/**
 * The error of an exit, unless it was interrupted.
 *
 * @category getters
 * @since 0.1.0
 */
export const errorOf = <A, E extends KimiError>(exit: Exit.Exit<A, E>): E | undefined =>
  Exit.isSuccess(exit) || Cause.hasInterrupts(exit.cause)
    ? undefined
    : Option.getOrUndefined(Cause.findErrorOption(exit.cause))

/**
 * @category getters
 * @since 0.1.0
 */
export const fromExit = <A, E extends KimiError>(exit: Exit.Exit<A, E>): Outcome => {
  if (exit._tag === "Success") return "ok"
  if (Cause.hasInterrupts(exit.cause)) return "interrupted"
  return errorOf(exit)?._tag ?? "defect"
}

/**
 * The facts of an error that are safe to show.
 *
 * @category conversions
 * @since 0.1.0
 */
export const summaryOf = ({ _tag, category, hint, message, severity }: KimiError): ErrorSummary => ({
  tag: _tag,
  category,
  severity,
  message,
  hint
})

/**
 * The kind of end of a stream with this outcome.
 *
 * @category getters
 * @since 0.1.0
 */
export const streamEndOf = (outcome: Outcome, hasContent: boolean): StreamEnd => {
  if (outcome === "ok") return "complete"
  if (outcome === "interrupted") return "interrupted"
  return hasContent ? "broken" : "failed"
}
