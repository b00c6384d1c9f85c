/**
 * The outcomes of rows on their way from the workers to the consumer. Rows that end
 * in the same turn of the event loop are settled in one go, since code that runs for
 * one row at a time between calls is never in the caches of the processor.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { SchedulerDispatcher } from "effect/Scheduler"

/** What becomes of outcomes. */
export interface Settling<O, A> {
  /** What is emitted of an outcome, if anything. */
  readonly settle: (outcome: O) => A | undefined
  /** Whether an outcome may stop the batch: it is settled before its worker takes another row. */
  readonly isDecisive: (outcome: O) => boolean
}

interface Options<O, A> extends Settling<O, A> {
  /** The most outcomes that wait for the consumer. */
  readonly capacity: number
}

export class Outcomes<O, A, E> {
  readonly #queue: Queue.Queue<A, E | Cause.Done>
  readonly #dispatcher: SchedulerDispatcher
  readonly #options: Options<O, A>
  /** Those that are not settled. */
  readonly #ended: Array<O> = []
  #isScheduled = false

  constructor(queue: Queue.Queue<A, E | Cause.Done>, dispatcher: SchedulerDispatcher, options: Options<O, A>) {
    this.#queue = queue
    this.#dispatcher = dispatcher
    this.#options = options
  }

  /** Waits if there is no room. */
  add(outcome: O): Effect.Effect<unknown> {
    this.#ended.push(outcome)
    const { capacity, isDecisive } = this.#options
    const hasRoom = this.#ended.length + Queue.sizeUnsafe(this.#queue) <= capacity
    if (!hasRoom || isDecisive(outcome)) return this.settle()
    if (!this.#isScheduled) {
      this.#isScheduled = true
      this.#dispatcher.scheduleTask(this.#settleScheduled, 0)
    }
    return Effect.void
  }

  /** Settles what has ended, and waits for room. */
  settle(): Effect.Effect<unknown> {
    const rest = this.#settleNow()
    return rest.length === 0 ? Effect.void : Queue.offerAll(this.#queue, rest)
  }

  /** Returns those for which there is no room. */
  #settleNow(): ReadonlyArray<A> {
    const rest: Array<A> = []
    while (this.#ended.length > 0) {
      const emitted = this.#options.settle(this.#ended.shift() as O)
      if (emitted !== undefined && !Queue.offerUnsafe(this.#queue, emitted)) rest.push(emitted)
    }
    return rest
  }

  readonly #settleScheduled = (): void => {
    this.#isScheduled = false
    try {
      // There is room for all: the queue is full while a worker waits, which has settled those before its own.
      this.#settleNow()
    } catch (defect) {
      Queue.failCauseUnsafe(this.#queue, Cause.die(defect))
    }
  }
}
