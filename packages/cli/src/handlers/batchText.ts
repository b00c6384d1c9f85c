/** The counts of a batch as text. */
import type { BatchStatus } from "../schemas/batch.ts"

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
  failedByTag
}: Pick<BatchStatus, "answered" | "cost" | "failed" | "failedByTag">): string =>
  [
    sentence([`${answered} answered`, `${failed} failed`, amounts(cost)]),
    ...Object.entries(failedByTag).map(([tag, count]) => `  ${tag}: ${count}`)
  ].join("\n")

/** The flags that run failed rows again. */
export const rerunFlags = (failedByTag: BatchStatus["failedByTag"]): string =>
  Object.keys(failedByTag)
    .map((tag) => `--rerun ${tag}`)
    .join(" ")
