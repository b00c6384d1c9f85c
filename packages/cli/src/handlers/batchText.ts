/** The counts of a batch as text. */
import type { StopReason } from "@kimi-effect/client/batch/BatchProgress"
import { hintOfTag } from "../hints.ts"
import type { BatchStatus } from "../schemas/batch.ts"
import { isTag } from "./batchTags.ts"

export const amounts = (cost: BatchStatus["cost"]): string =>
  [
    ...(cost.USD === undefined ? [] : [`$${cost.USD.toFixed(4)}`]),
    ...(cost.CNY === undefined ? [] : [`¥${cost.CNY.toFixed(4)}`])
  ].join(", ")

export const sentence = (parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join(", ")

export const toText = ({
  answered,
  cost,
  failed,
  failedByTag,
  rejected = 0
}: Pick<BatchStatus, "answered" | "cost" | "failed" | "failedByTag"> & {
  /** Lines of the input that are no rows. */
  readonly rejected?: number | undefined
}): string =>
  [
    sentence([
      `${answered} answered`,
      `${failed} failed`,
      rejected === 0 ? "" : `${rejected} rejected, see the reject file`,
      amounts(cost)
    ]),
    ...Object.entries(failedByTag).map(([tag, count]) => `  ${tag}: ${count}`)
  ].join("\n")

/** The kind of error, or the rule, that has stopped a batch. */
export const causeOf = (stopped: StopReason): string => (stopped._tag === "Error" ? stopped.tag : stopped._tag)

/** What to do about a batch that was stopped. After an error that all rows have, its cause comes first. */
export const stoppedHint = (stopped: StopReason, next: string): string =>
  stopped._tag === "Error" && isTag(stopped.tag) ? `${hintOfTag(stopped.tag)} ${next}` : next

/** The flags that run failed rows again. */
export const rerunFlags = (failedByTag: BatchStatus["failedByTag"]): string =>
  Object.keys(failedByTag)
    .map((tag) => `--rerun ${tag}`)
    .join(" ")
