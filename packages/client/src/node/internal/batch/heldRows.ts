/** Outcomes that wait for those of earlier rows, in a job that writes them in the order of its input. */
import * as Effect from "effect/Effect"
import type { BatchResponse } from "../../../batch/BatchResponse.ts"

/** There are at most as many as rows in flight: no further row is read while that many wait. */
export class HeldRows<A> {
  readonly #rows = new Set<BatchResponse<A>>()

  add(outcome: BatchResponse<A>): void {
    this.#rows.add(outcome)
  }

  /** To be called when the outcome is written. */
  delete(outcome: BatchResponse<A>): void {
    this.#rows.delete(outcome)
  }

  /**
   * Writes those of a run that was interrupted or has failed: they are paid. A row that
   * cannot be written, as on a full disk, is requested again.
   */
  writeRest<E>(write: (outcome: BatchResponse<A>) => Effect.Effect<void, E>): Effect.Effect<void> {
    return Effect.suspend(() =>
      Effect.forEach(
        [...this.#rows].toSorted((one, other) => one.line - other.line),
        (outcome) => Effect.ignore(write(outcome)),
        { discard: true }
      )
    )
  }
}
