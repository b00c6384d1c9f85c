/**
 * Passes events to those who subscribe.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"

/** A subscriber that is slower loses the oldest. */
const maxWaiting = 256

type Taken<A> = Pull.Pull<Arr.NonEmptyReadonlyArray<A>>

class Subscriber<A> {
  #waiting: Array<A> = []
  #isEnded = false
  #onChange: (() => void) | undefined

  offer(event: A): void {
    if (this.#waiting.length === maxWaiting) this.#waiting.shift()
    this.#waiting.push(event)
    this.#onChange?.()
  }

  end(): void {
    this.#isEnded = true
    this.#onChange?.()
  }

  /** All that wait, or the next one; the end once nothing waits. */
  readonly take: Taken<A> = Effect.callback<Arr.NonEmptyReadonlyArray<A>, Cause.Done>((resume) => {
    const takeAll = () => {
      const [first, ...others] = this.#waiting
      if (first === undefined && !this.#isEnded) return
      this.#waiting = []
      this.#onChange = undefined
      resume(first === undefined ? Cause.done() : Effect.succeed([first, ...others]))
    }
    this.#onChange = takeAll
    takeAll()
    return Effect.sync(() => {
      this.#onChange = undefined
    })
  })
}

/**
 * One list for each subscriber, and nothing without one. Not a `PubSub`, whose
 * code would be in the bundle of every client: 17 KB for what most never read.
 * This is so for events of parts that are loaded on demand, too: bundlers put a
 * module of which both sides use a part into what is loaded first.
 *
 * @category models
 * @since 0.1.0
 */
export class EventHub<A extends object> {
  readonly #subscribers = new Set<Subscriber<A>>()
  #isEnded = false

  publish(event: A): void {
    for (const subscriber of this.#subscribers) subscriber.offer(event)
  }

  /** Ends the events of every subscriber after what it has not read yet. */
  end(): void {
    this.#isEnded = true
    for (const subscriber of this.#subscribers) subscriber.end()
  }

  /** What is published from its first pull on. */
  readonly events: Stream.Stream<A> = Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => {
          const subscriber = new Subscriber<A>()
          if (this.#isEnded) subscriber.end()
          this.#subscribers.add(subscriber)
          return subscriber
        }),
        (subscriber) => Effect.sync(() => void this.#subscribers.delete(subscriber))
      ),
      ({ take }) => Stream.fromPull(Effect.succeed(take))
    )
  )
}
