/** The progress of a batch that this program runs, as a line. */
import type * as BatchJob from "@kimi-effect/client/node/BatchJob"
import { counted } from "@kimi-effect/core/internal/Counted"
import { amounts, sentence } from "./batchText.ts"

const timeLeft = (milliseconds: number | undefined): string => {
  if (milliseconds === undefined) return ""
  const seconds = Math.ceil(milliseconds / 1000)
  if (seconds < 100) return `${seconds} s left`
  return seconds < 6_000 ? `${Math.round(seconds / 60)} min left` : `${(seconds / 3_600).toFixed(1)} h left`
}

const doneOf = ({ done, isEstimate, resumed, total }: BatchJob.JobProgress): string =>
  total === undefined
    ? counted(resumed + done, "row")
    : `${resumed + done} of ${isEstimate ? "about " : ""}${counted(total, "row")}`

/** That of the earlier runs too, as the number of rows is. */
const costOf = ({ before, cost }: BatchJob.JobProgress): BatchJob.Status["cost"] => {
  const sum = (currency: "USD" | "CNY") =>
    before.cost[currency] === undefined && cost[currency] === undefined
      ? {}
      : { [currency]: (before.cost[currency] ?? 0) + (cost[currency] ?? 0) }
  return { ...sum("USD"), ...sum("CNY") }
}

export const progressLine = (progress: BatchJob.JobProgress): string =>
  sentence([
    doneOf(progress),
    `${progress.before.failed + progress.failed} failed`,
    `${progress.rowsPerSecond.toFixed(1)} rows per second`,
    progress.isFinal ? "" : timeLeft(progress.remaining),
    amounts(costOf(progress))
  ])
