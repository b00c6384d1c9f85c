/** How rows end, and what follows from it for their batch. */
import type { StopRules } from "../Batch.ts"
import type { BatchResponse } from "../BatchResponse.ts"
import type { Settling } from "./Outcomes.ts"
import type { EndedRow } from "./Row.ts"
import type { Tally } from "./Tally.ts"

/** A row that has no outcome here, because it was done before or elsewhere. */
export const skipped = Symbol("skipped")

/** A row that was interrupted by the deadline. */
export const timedOut = Symbol("timedOut")

export type RowEnd<A> = EndedRow<A> | BatchResponse<A> | typeof skipped | typeof timedOut

/** Counts outcomes, and stops the batch at the deadline. */
export const make = <A>(tally: Tally, stop: StopRules | undefined): Settling<RowEnd<A>, BatchResponse<A>> => {
  // They concern answered rows too.
  const hasRules = stop?.cost !== undefined || stop?.errorRate !== undefined
  return {
    isDecisive: (end) => hasRules || typeof end === "symbol" || !("outcome" in end) || end.hasFailed,
    settle: (end) => {
      if (end === skipped) return undefined
      if (end === timedOut) {
        tally.stopped ??= { _tag: "Deadline" }
        return undefined
      }
      const outcome = "outcome" in end ? end.outcome : end
      tally.add(outcome)
      return outcome
    }
  }
}
