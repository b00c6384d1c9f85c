/**
 * Makes an exception of a tool a failed call, so that it loses neither the run nor
 * what was paid for. The program learns about it from the log.
 */
import { ToolExecutionError } from "@kimi-effect/core/ToolErrors"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ToolError } from "../../AgentResult.ts"
import { handlerFailure } from "../tools/failures.ts"

/** Frames of a stack. The message before them may contain arguments. */
const framesOf = (defect: unknown): string => {
  if (!(defect instanceof Error) || typeof defect.stack !== "string") return ""
  const { message, stack } = defect
  const start = stack.indexOf(message)
  // The message of an error can be changed after its stack was written, which then has the first one.
  return start < 0 ? "" : stack.slice(start + message.length).replace(/^(?!\n).*/, "")
}

/** An interrupt that comes from the tool itself, as no handler runs in an interrupted run. */
const interruptedItself = "InterruptedError"

/**
 * Replaces exceptions and interrupts of a tool by `ToolExecutionError`. When the
 * run itself is interrupted, this is skipped with everything else.
 */
export const withoutDefects =
  (tool: string, callId: string) =>
  <A, R>(call: Effect.Effect<A, ToolError, R>): Effect.Effect<A, ToolError, R> =>
    Effect.catchCause(call, (cause) => {
      const error = Cause.findErrorOption(cause)
      if (Option.isSome(error)) return Effect.fail(error.value)
      const isInterrupt = Cause.hasInterruptsOnly(cause)
      const defect = Cause.squash(cause)
      const failure = isInterrupt ? interruptedItself : handlerFailure(defect).name
      const words = isInterrupt ? "interrupted itself" : `threw ${failure ?? "a value that is no error"}`
      return Effect.andThen(
        Effect.logError(`The tool ${tool} ${words}${isInterrupt ? "" : framesOf(defect)}`),
        Effect.fail(
          new ToolExecutionError({
            message: `The tool ${tool} ${isInterrupt ? "was interrupted" : `failed${failure === undefined ? "" : ` with ${failure}`}`}`,
            tool,
            callId,
            ...(failure === undefined ? {} : { failure })
          })
        )
      )
    })
