/** How a failed command is reported, and the code with which it exits. */
import { isKimiError, type KimiError } from "@kimi-effect/core/KimiError"
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import { CommandError, UsageError } from "./commandError.ts"
import * as exitCodes from "./exitCodes.ts"
import { hintOf, messageOf } from "./hints.ts"
import * as Output from "./output.ts"

interface Description {
  readonly tag: string
  readonly category: string
  readonly message: string
  readonly hint: string
  readonly exitCode: number
}

const ofKimiError = (error: KimiError): Description => ({
  tag: error._tag,
  category: error.category,
  message: messageOf(error),
  hint: hintOf(error),
  exitCode: exitCodes.byCategory[error.category]
})

/** What a failure is called, and what to change. */
export const describe = (error: unknown): Description => {
  if (isKimiError(error)) return ofKimiError(error as KimiError)
  const own = { category: "other", exitCode: exitCodes.other }
  if (error instanceof UsageError) {
    const { _tag: tag, hint, message } = error
    return { category: "usage", exitCode: exitCodes.usage, tag, message, hint }
  }
  if (error instanceof CommandError) return { ...own, tag: error._tag, message: error.message, hint: error.hint }
  const tag = error instanceof Error ? error.name : "Error"
  const message = error instanceof Error ? error.message : String(error)
  return { ...own, tag, message, hint: "" }
}

const isUsageError = (error: unknown): boolean => CliError.isCliError(error)

/** Help was shown for a command that needs a subcommand, or the presenter has written what is wrong. */
const usageCode = (error: unknown): number =>
  error instanceof CliError.ShowHelp && error.errors.length === 0 ? 0 : exitCodes.usage

/** Reports the failure on stderr, as a JSON document if the result would be one, and returns the exit code. */
export const report = (cause: Cause.Cause<unknown>, isJson: boolean): Effect.Effect<number> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(exitCodes.interrupted)
  const error = Cause.squash(cause)
  if (isUsageError(error)) return Effect.succeed(usageCode(error))
  const { exitCode, hint, ...described } = describe(error)
  const text = isJson
    ? JSON.stringify({ error: { ...described, hint, exitCode } })
    : [`kimi: ${described.tag}: ${Output.plain(described.message)}`, ...(hint === "" ? [] : [`  ${hint}`])].join("\n")
  return Effect.as(Output.note(text), exitCode)
}
