/** The counts of a batch as text. */
import type { StopReason } from "@kimi-effect/client/batch/BatchProgress"
import * as ErrorFacts from "@kimi-effect/core/ErrorFacts"
import { currencySymbols } from "@kimi-effect/core/internal/CurrencySymbols"
import { roundedAmount } from "@kimi-effect/core/internal/RoundedAmount"
import * as Effect from "effect/Effect"
import { CommandError } from "../commandError.ts"
import { nextCommand } from "../nextCommand.ts"
import * as Output from "../output.ts"
import type { BatchStatus } from "../schemas/batch.ts"
import { shellPath } from "../shellWord.ts"
import { StoppedError } from "../stoppedError.ts"
import { isTag } from "./batchTags.ts"

const decimals = 4

export const amounts = (cost: BatchStatus["cost"]): string =>
  [
    ...(cost.USD === undefined ? [] : [`${currencySymbols.USD}${roundedAmount(cost.USD, decimals)}`]),
    ...(cost.CNY === undefined ? [] : [`${currencySymbols.CNY}${roundedAmount(cost.CNY, decimals)}`])
  ].join(", ")

export const sentence = (parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join(", ")

export const toText = ({
  answered,
  cost,
  failed,
  failedByTag,
  rejected = 0,
  rejects
}: Pick<BatchStatus, "answered" | "cost" | "failed" | "failedByTag"> & {
  /** Lines of the input that are no rows. */
  readonly rejected?: number | undefined
  /** The file with their reasons, if there is one. */
  readonly rejects?: string | undefined
}): string =>
  [
    sentence([
      `${answered} answered`,
      `${failed} failed`,
      rejected === 0 ? "" : `${rejected} rejected${rejects === undefined ? "" : `, see ${shellPath(rejects)}`}`,
      amounts(cost)
    ]),
    ...Object.entries(failedByTag).map(([tag, count]) => `  ${tag}: ${count}`)
  ].join("\n")

/** Their rows run: the answers differ by the line of the input. `isOfPrompts` of an input whose lines are no requests. */
export const noteDuplicates = (
  { duplicateIds }: { readonly duplicateIds: number },
  isOfPrompts: boolean
): Effect.Effect<void> => {
  if (duplicateIds === 0) return Effect.void
  const advice = isOfPrompts ? "; --id-column sets another column" : ""
  return Output.note(
    `Rows with an id that another row has: ${duplicateIds}. Only the member "line" of their answers differs${advice}.`
  )
}

/** The rule of a run that has ended it before its last row. */
const ruleOf = (stopped: Exclude<StopReason, { readonly _tag: "Error" }>): string => {
  switch (stopped._tag) {
    case "ErrorRate":
      return "too many rows have failed"
    case "Cost":
      return `its cost has reached the limit: this run has spent ${amounts({ [stopped.currency]: stopped.amount })}`
    case "Deadline":
      return "its deadline has passed"
  }
}

/** A batch that has ended before its last row, as the failure of the command. `next` is how it is continued. */
export const stoppedFailure = (stopped: StopReason, next: string): CommandError =>
  stopped._tag === "Error"
    ? new StoppedError(stopped.error, next)
    : new CommandError(`The batch was stopped: ${ruleOf(stopped)}`, next)

/** An invalid request fails again. Other errors may pass, some of them when their cause is removed. */
const mayPass = (tag: string): boolean => !isTag(tag) || ErrorFacts.table[tag].category !== "validation"

/** Whether the model is what is wrong, which may be that of the command. */
const isOfModel = (tag: string): boolean => isTag(tag) && ErrorFacts.table[tag].recovery === "SwitchModel"

/** How failed rows of a job are run again, and which of them only in a new input. */
export const repeatHints = (failedByTag: BatchStatus["failedByTag"], output: string): ReadonlyArray<string> => {
  const tags = Object.keys(failedByTag)
  const flags = tags.filter(mayPass).map((tag) => `--rerun ${tag}`)
  const invalid = tags.filter((tag) => !mayPass(tag))
  return [
    ...(flags.length === 0 ? [] : [`To run failed rows again, add ${flags.join(" ")} to kimi batch run.`]),
    ...(invalid.length === 0
      ? []
      : [
          `Rows with ${invalid.join(" or ")} fail again as they are. Correct them in a new input, and run it with another output.`,
          ...(invalid.some(isOfModel)
            ? ["Rows that name no model have that of --model: run them with another one and with another output."]
            : []),
          nextCommand("List failed rows", `kimi batch failed ${shellPath(output)}`)
        ])
  ]
}
