/** How rows end, and what follows from it for their batch. */
import type { BatchResponse } from "../BatchResponse.ts"
import type { Tally } from "./Tally.ts"

/** A row that has no outcome here, because it was done before or elsewhere. */
export const skipped = Symbol("skipped")

/** A row that was interrupted by the deadline. */
export const timedOut = Symbol("timedOut")

export type RowEnd<A> = BatchResponse<A> | typeof skipped | typeof timedOut

/** Counts outcomes, and stops the batch at the deadline. */
export const settlerOf =
  <A>(tally: Tally) =>
  (end: RowEnd<A>): BatchResponse<A> | undefined => {
    if (end === skipped) return undefined
    if (end === timedOut) {
      tally.stop({ _tag: "Deadline" })
      return undefined
    }
    tally.add(end)
    return end
  }
