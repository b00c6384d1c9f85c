/** How a failed command is reported, and the code with which it exits. */
import { isKimiError, type KimiError } from "@kimi-effect/core/KimiError"
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import { CommandError, flagHint, UsageError } from "./commandError.ts"
import * as exitCodes from "./exitCodes.ts"
import { HintedError } from "./hintedError.ts"
import { costHint, fileHintOf, flagMessageOf, hintOf, isOfCost, isOfFlags, messageOf } from "./hints.ts"
import * as Predicate from "effect/Predicate"
import * as Output from "./output.ts"
import { OutputError } from "./outputError.ts"
import { withoutSecrets } from "./redaction.ts"
import { SpentError } from "./spentError.ts"

interface Description {
  readonly tag: string
  readonly category: string
  readonly message: string
  readonly hint: string
  readonly exitCode: number
  /** What the calls before the failure have cost. */
  readonly cost?: string
}

/** A failure that the library or the command describes. */
export const isFailure = (error: unknown): error is KimiError | CommandError =>
  isKimiError(error) || error instanceof CommandError

const ofUsage = (message: string, hint: string): Description => ({
  tag: "UsageError",
  category: "usage",
  message,
  hint,
  exitCode: exitCodes.usage
})

const ofKimiError = (error: KimiError, command: string): Description => ({
  tag: error._tag,
  category: error.category,
  message: messageOf(error),
  hint: fileHintOf(error) ?? hintOf(error, command),
  exitCode: exitCodes.byCategory[error.category]
})

/** An error of another package of the library, such as one of a cassette, which has a category and a hint too. */
interface CategorizedError extends Error {
  readonly _tag: string
  readonly category: keyof typeof exitCodes.byCategory
  readonly hint: string
}

const isCategorized = (error: unknown): error is CategorizedError =>
  error instanceof Error &&
  Predicate.hasProperty(error, "_tag") &&
  Predicate.hasProperty(error, "category") &&
  Predicate.hasProperty(error, "hint") &&
  typeof error.category === "string" &&
  Object.hasOwn(exitCodes.byCategory, error.category)

/** What Node throws where a path is resolved in a working folder that was removed. */
const isOfWorkingFolder = (error: unknown): boolean =>
  error instanceof Error && "syscall" in error && error.syscall === "uv_cwd"

const noWorkingFolder = new CommandError(
  "The working folder of the command does not exist any more",
  "Change to a folder that exists, and run the command again."
)

const ofOther = (error: unknown, command: string): Description => {
  const own = { category: "other", exitCode: exitCodes.other }
  if (error instanceof HintedError) {
    return { ...ofKimiError(error.error, command), message: error.message, hint: error.hint }
  }
  if (error instanceof CommandError) return { ...own, tag: error._tag, message: error.message, hint: error.hint }
  const tag = error instanceof Error ? error.name : "Error"
  const message = error instanceof Error ? error.message : String(error)
  return { ...own, tag, message, hint: "" }
}

/** What a failure is called, and what to change in a command by its first word. */
export const describe = (error: unknown, command: string): Description => {
  if (error instanceof SpentError) return { ...describe(error.error, command), cost: error.cost }
  if (isKimiError(error)) {
    const known: KimiError = error as KimiError
    if (isOfCost(known)) return ofUsage(messageOf(known), costHint)
    return isOfFlags(known) ? ofUsage(flagMessageOf(known), flagHint) : ofKimiError(known, command)
  }
  if (error instanceof UsageError) return ofUsage(error.message, error.hint)
  if (error instanceof OutputError) {
    const { _tag: tag, category, exitCode, hint, message } = error
    return { tag, category, message, hint, exitCode }
  }
  if (isCategorized(error)) {
    const { _tag: tag, category, hint, message } = error
    return { tag, category, message, hint, exitCode: exitCodes.byCategory[category] }
  }
  return ofOther(isOfWorkingFolder(error) ? noWorkingFolder : error, command)
}

const isUsageError = (error: unknown): boolean => CliError.isCliError(error)

/** Help was shown for a command that needs a subcommand, or the presenter has written what is wrong. */
const usageCode = (error: unknown): number =>
  error instanceof CliError.ShowHelp && error.errors.length === 0 ? 0 : exitCodes.usage

/** Reports the failure on stderr, as a JSON document if the result would be one, and returns the exit code. */
export const report = (
  cause: Cause.Cause<unknown>,
  { command, isJson }: { readonly command: string; readonly isJson: boolean }
): Effect.Effect<number> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(exitCodes.interrupted)
  const error = Cause.squash(cause)
  if (isUsageError(error)) return Effect.succeed(usageCode(error))
  const { cost, exitCode, ...found } = describe(error, command)
  const hint = withoutSecrets(found.hint)
  const described = { tag: found.tag, category: found.category, message: withoutSecrets(found.message) }
  const text = isJson
    ? Output.jsonText({ error: { ...described, hint, exitCode, ...(cost === undefined ? {} : { cost }) } })
    : [
        `kimi: ${described.tag}: ${Output.plain(described.message)}`,
        ...(hint === "" ? [] : [`  ${Output.plain(hint)}`]),
        ...(cost === undefined ? [] : [`  Its calls have cost ${cost}.`])
      ].join("\n")
  return Effect.as(Output.note(text), exitCode)
}
