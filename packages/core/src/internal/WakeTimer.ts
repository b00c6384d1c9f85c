/**
 * One timer that calls a function at a set time.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as TimerQueue from "./TimerQueue.ts"

/**
 * A timer that is set for one time at a time.
 *
 * @category models
 * @since 0.1.0
 */
export class WakeTimer {
  readonly #timers: TimerQueue.TimerQueue
  readonly #onWake: () => void
  #timer: TimerQueue.Timer | undefined

  constructor(clock: Clock.Clock, onWake: () => void) {
    this.#timers = TimerQueue.of(clock)
    this.#onWake = () => {
      this.#timer = undefined
      onWake()
    }
  }

  /** Sets the timer to a `MonotonicClock` time; infinity switches it off. */
  set(at: number): void {
    if (this.#timer?.at === at) return
    if (this.#timer !== undefined) this.#timers.remove(this.#timer)
    this.#timer = at === Number.POSITIVE_INFINITY ? undefined : this.#timers.add(at, this.#onWake)
  }
}
