/** How long the rows of a batch that are left will take. */
import type { BatchProgress } from "../BatchProgress.ts"

/**
 * Milliseconds until the last row; `undefined` if that is not known, or if rows are
 * left that the batch will not run, because it was stopped or has ended.
 */
export const timeLeft = (
  rowsLeft: number | undefined,
  { isFinal, rowsPerSecond, stopped }: Pick<BatchProgress, "isFinal" | "rowsPerSecond" | "stopped">
): number | undefined => {
  if (rowsLeft === undefined || rowsPerSecond === 0 || stopped !== undefined) return undefined
  const left = Math.max(0, rowsLeft)
  return isFinal && left > 0 ? undefined : (left * 1000) / rowsPerSecond
}
