/**
 * Passes the transitions of circuits to those who subscribe.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Transition } from "./Circuits.ts"

/** A subscriber that is slower loses the oldest. */
const maxWaiting = 256

/**
 * One queue for each subscriber, and nothing without one. Not a `PubSub`, whose
 * code would be in the bundle of every client: 17 KB for what most never read.
 *
 * @category models
 * @since 0.1.0
 */
export class TransitionHub {
  readonly #subscribers = new Set<Queue.Queue<Transition>>()

  publish(transition: Transition): void {
    for (const subscriber of this.#subscribers) Queue.offerUnsafe(subscriber, transition)
  }

  /** What is published from its first pull on. */
  readonly transitions: Stream.Stream<Transition> = Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.map(Queue.sliding<Transition>(maxWaiting), (queue) => {
          this.#subscribers.add(queue)
          return queue
        }),
        (queue) =>
          Effect.suspend(() => {
            this.#subscribers.delete(queue)
            return Queue.shutdown(queue)
          })
      ),
      Stream.fromQueue
    )
  )
}
