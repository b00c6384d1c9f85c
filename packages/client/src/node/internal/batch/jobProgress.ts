/** The counts of a job: those of its batch, and how much of the input there is. */
import type { BatchProgress } from "../../../batch/BatchProgress.ts"
import { timeLeft } from "../../../batch/internal/timeLeft.ts"
import type { Status } from "./jobStatus.ts"
import type { Reading, Source } from "./input/inputSource.ts"

/**
 * Counts of a job so far.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobProgress extends BatchProgress {
  /** Rows that were done before this run; `done` does not contain them. */
  readonly resumed: number
  /** What the output had before this run: `failed` and `cost` do not contain its failed rows and its cost. */
  readonly before: Status
  /** Lines of the input that are no rows, of those that were read. */
  readonly rejected: number
  /**
   * Rows of the whole input, the resumed ones included. It is estimated from the
   * size of the input until the input was read to its end, and unknown of a stream
   * until then.
   */
  readonly total: number | undefined
  /** Whether `total` is an estimate. */
  readonly isEstimate: boolean
}

interface State {
  readonly reading: Reading
  /** Undefined if the batch was stopped before its input was there. */
  readonly source: Source | undefined
  readonly resumed: number
  readonly before: Status
  readonly rejected: number
  /** The total that the user has given. */
  readonly given: number | undefined
}

const estimate = ({ position, rows }: Reading, source: State["source"]): number | undefined => {
  const bytes = source?.estimateBytes()
  return bytes === undefined || position === 0 || rows === 0
    ? undefined
    : Math.max(rows, Math.round((rows / position) * bytes))
}

export const of = (
  progress: BatchProgress,
  { before, given, reading, rejected, resumed, source }: State
): JobProgress => {
  const lines = reading.isAtEnd ? reading.rows : estimate(reading, source)
  const total = given ?? (lines === undefined ? undefined : Math.max(lines - rejected, resumed + progress.done))
  const left = total === undefined ? undefined : total - resumed - progress.done
  return {
    ...progress,
    resumed,
    before,
    rejected,
    total,
    isEstimate: given === undefined && total !== undefined && !reading.isAtEnd,
    remaining: timeLeft(left, progress)
  }
}
