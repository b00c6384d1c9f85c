/**
 * The timers of one clock: one sleep for all of them, until the earliest. A
 * fiber for each bound in time would cost more than most of what is bounded.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as MonotonicClock from "./MonotonicClock.ts"

/**
 * A function that is called at a time.
 *
 * @category models
 * @since 0.1.0
 */
export interface Timer {
  /** A `MonotonicClock` time. */
  readonly at: number
  /** Undefined when it has expired or was removed. */
  onExpired: (() => void) | undefined
  /** The position in the heap; -1 when it is not in it. */
  index: number
}

/**
 * A heap by time, in which every timer knows its position, so that one that did
 * not expire is removed without a search. A fiber sleeps only while there are
 * timers.
 *
 * @category models
 * @since 0.1.0
 */
export class TimerQueue {
  readonly #clock: Clock.Clock
  readonly #context: Context.Context<never>
  readonly #heap: Array<Timer> = []
  /** The time until which the fiber sleeps. It may be earlier than the earliest timer, and then the fiber sleeps again. */
  #sleepsUntil = Number.POSITIVE_INFINITY
  #sleeper: Fiber.Fiber<void> | undefined = undefined

  constructor(clock: Clock.Clock) {
    this.#clock = clock
    this.#context = Context.make(Clock.Clock, clock)
  }

  /**
   * Calls a function once at a `MonotonicClock` time, unless the timer is removed
   * before: never at infinity, and not before this returns.
   */
  add(at: number, onExpired: () => void): Timer {
    const timer: Timer = { at, onExpired, index: -1 }
    if (at === Number.POSITIVE_INFINITY) return timer
    this.#moveUp(timer, this.#heap.length)
    this.#sleep()
    return timer
  }

  /** Removes a timer. One that has expired or was removed before is ignored. */
  remove(timer: Timer): void {
    if (timer.index === -1) return
    this.#take(timer)
    if (this.#heap.length === 0) this.#sleep()
  }

  /** The number of timers. */
  get size(): number {
    return this.#heap.length
  }

  readonly #wake: Effect.Effect<void> = Effect.sync(() => {
    this.#sleeper = undefined
    this.#sleepsUntil = Number.POSITIVE_INFINITY
    const now = MonotonicClock.millisUnsafe(this.#clock)
    try {
      for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
        const { onExpired } = first
        this.#take(first)
        onExpired?.()
      }
    } finally {
      // One that throws must not stop the others.
      this.#sleep()
    }
  })

  /** Sleeps until the earliest timer, if there is one. */
  #sleep(): void {
    const at = this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
    if (this.#sleepsUntil <= at && this.#heap.length > 0) return
    this.#sleeper?.interruptUnsafe()
    this.#sleeper = undefined
    this.#sleepsUntil = at
    if (at === Number.POSITIVE_INFINITY) return
    let isStarting = true
    this.#sleeper = Effect.runForkWith(this.#context)(
      Effect.flatMap(MonotonicClock.sleepUntil(this.#clock, at), () =>
        // The sleep of a clock may end at once, and a function must not be called before it has its timer.
        isStarting ? Effect.andThen(Effect.yieldNow, this.#wake) : this.#wake
      )
    )
    isStarting = false
  }

  #take(timer: Timer): void {
    const last = this.#heap.pop()
    const { index } = timer
    timer.index = -1
    // It refers to the call. V8 may have put the timer among its old objects, which keep
    // what they refer to until all of them are searched, also when they are garbage.
    timer.onExpired = undefined
    if (last === undefined || last === timer) return
    if (index > 0 && last.at < this.#at(parentOf(index)).at) this.#moveUp(last, index)
    else this.#moveDown(last, index)
  }

  /** Places a timer at an index or above it. */
  #moveUp(timer: Timer, from: number): void {
    let index = from
    while (index > 0 && timer.at < this.#at(parentOf(index)).at) {
      this.#place(this.#at(parentOf(index)), index)
      index = parentOf(index)
    }
    this.#place(timer, index)
  }

  /** Places a timer at an index or below it. */
  #moveDown(timer: Timer, from: number): void {
    let index = from
    for (;;) {
      const left = 2 * index + 1
      const right = this.#heap[left + 1]
      const child = right !== undefined && right.at < this.#at(left).at ? right : this.#heap[left]
      if (child === undefined || child.at >= timer.at) break
      const next = child.index
      this.#place(child, index)
      index = next
    }
    this.#place(timer, index)
  }

  #place(timer: Timer, index: number): void {
    this.#heap[index] = timer
    timer.index = index
  }

  #at(index: number): Timer {
    // The indexes of parents and of left children next to right ones are within the heap.
    return this.#heap[index] as Timer
  }
}

const parentOf = (index: number): number => (index - 1) >> 1

const queues = new WeakMap<Clock.Clock, TimerQueue>()

/**
 * The timers of a clock.
 *
 * @category getters
 * @since 0.1.0
 */
export const of = (clock: Clock.Clock): TimerQueue => {
  const known = queues.get(clock)
  if (known !== undefined) return known
  const made = new TimerQueue(clock)
  queues.set(clock, made)
  return made
}
