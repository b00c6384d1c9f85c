/**
 * Passes the transitions of circuits to those who subscribe.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Transition } from "./Circuits.ts"

/** A subscriber that is slower loses the oldest. */
const maxWaiting = 256

class Subscriber {
  #waiting: Array<Transition> = []
  #onTransition: (() => void) | undefined

  offer(transition: Transition): void {
    if (this.#waiting.length === maxWaiting) this.#waiting.shift()
    this.#waiting.push(transition)
    this.#onTransition?.()
  }

  /** All that wait, or the next one. */
  readonly take = Effect.callback<Arr.NonEmptyReadonlyArray<Transition>>((resume) => {
    const takeAll = () => {
      const [first, ...others] = this.#waiting
      if (first === undefined) return
      this.#waiting = []
      this.#onTransition = undefined
      resume(Effect.succeed([first, ...others]))
    }
    this.#onTransition = takeAll
    takeAll()
    return Effect.sync(() => {
      this.#onTransition = undefined
    })
  })
}

/**
 * One list for each subscriber, and nothing without one. Not a `PubSub`, whose
 * code would be in the bundle of every client: 17 KB for what most never read.
 *
 * @category models
 * @since 0.1.0
 */
export class TransitionHub {
  readonly #subscribers = new Set<Subscriber>()

  publish(transition: Transition): void {
    for (const subscriber of this.#subscribers) subscriber.offer(transition)
  }

  /** What is published from its first pull on. */
  readonly transitions: Stream.Stream<Transition> = Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => {
          const subscriber = new Subscriber()
          this.#subscribers.add(subscriber)
          return subscriber
        }),
        (subscriber) => Effect.sync(() => void this.#subscribers.delete(subscriber))
      ),
      ({ take }) => Stream.fromPull(Effect.succeed(take))
    )
  )
}
