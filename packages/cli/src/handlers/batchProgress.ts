/** The progress of a batch that this program runs, as a line. */
import type * as BatchJob from "@kimi-effect/client/node/BatchJob"
import { counted } from "@kimi-effect/core/internal/Counted"
import { timeText } from "../timeText.ts"
import { amounts, sentence } from "./batchText.ts"

const timeLeft = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? "" : `${timeText(milliseconds)} left`

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
