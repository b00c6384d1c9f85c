/** When the outcomes of a job are written, and what becomes of those that are not written when it is interrupted or has failed: they are paid. */
import { counted } from "@kimi-effect/core/internal/Counted"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { BatchResponse } from "../../../batch/BatchResponse.ts"

/** Succeeds when an outcome is written. */
type Write<A, E> = (outcome: BatchResponse<A>) => Effect.Effect<void, E>

/** How outcomes come to the output of a job. */
export interface Delivery<A, E> {
  /** Called by a worker, which takes its next row after it. */
  readonly made: Write<A, E>
  /** Called in the order of the job. */
  readonly taken: Write<A, E>
  /** Called when the job has ended, in any way. A row that cannot be written, as on a full disk, is requested again. */
  readonly writeRest: Effect.Effect<void>
}

/** Into a file as they come. A worker writes its line before it takes another row: a kill loses only rows in flight. */
export const asTheyCome = <A, E>(write: Write<A, E>): Delivery<A, E> => ({
  made: write,
  taken: () => Effect.void,
  writeRest: Effect.void
})

/** There are at most as many as rows in flight, and half as many: no further row is read while that many wait. */
class HeldRows<A> {
  readonly #rows = new Set<BatchResponse<A>>()

  get size(): number {
    return this.#rows.size
  }

  readonly add = (outcome: BatchResponse<A>): Effect.Effect<void> => Effect.sync(() => void this.#rows.add(outcome))

  delete(outcome: BatchResponse<A>): void {
    this.#rows.delete(outcome)
  }

  /** Writes them in the order of the input, and keeps those that cannot be written. */
  writeAll<E>(write: Write<A, E>): Effect.Effect<void> {
    return Effect.suspend(() =>
      Effect.forEach(
        [...this.#rows].toSorted((one, other) => one.line - other.line),
        (outcome) => Effect.ignore(Effect.tap(write(outcome), () => Effect.sync(() => this.delete(outcome)))),
        { discard: true }
      )
    )
  }
}

/** Into a file in the order of the input: answered rows wait for an earlier one. */
export const inOrder = <A, E>(write: Write<A, E>): Delivery<A, E> => {
  const held = new HeldRows<A>()
  return {
    made: held.add,
    // An interrupt between the two would write the line twice.
    taken: (outcome) =>
      Effect.uninterruptible(Effect.tap(write(outcome), () => Effect.sync(() => held.delete(outcome)))),
    writeRest: held.writeAll(write)
  }
}

/** The longest wait for a function that takes the rest, such as one that writes to a pipe that is full. */
const longestRest = "5 seconds"

/**
 * To a function, one after the other. It may be slow, so that rows wait for it in any order.
 * A call that is interrupted is not made again: what it has done is not known.
 */
export const toFunction = <A, E>(write: Write<A, E>): Delivery<A, E> => {
  const held = new HeldRows<A>()
  const lost = Effect.suspend(() =>
    held.size === 0
      ? Effect.void
      : Effect.logWarning(
          `The output of an interrupted batch job is a function that has not taken ${counted(held.size, "answered row")} within ${longestRest}`
        )
  )
  const bounded = Effect.ensuring(Effect.timeoutOption(held.writeAll(write), longestRest), lost)
  return {
    made: held.add,
    taken: (outcome) =>
      Effect.suspend(() => {
        held.delete(outcome)
        return write(outcome)
      }),
    // In a separate fiber: what a finalizer waits for cannot be interrupted by the timeout.
    writeRest: Effect.suspend(() =>
      held.size === 0
        ? Effect.void
        : Effect.flatMap(Effect.forkDetach(Effect.interruptible(bounded), { startImmediately: true }), (fiber) =>
            Effect.asVoid(Fiber.await(fiber))
          )
    )
  }
}
