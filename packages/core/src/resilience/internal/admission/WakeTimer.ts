/**
 * One timer that runs a function at a set time.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"

/**
 * A timer that is set for one time at a time. It holds a fiber only while it
 * is set.
 *
 * @category models
 * @since 0.1.0
 */
export class WakeTimer {
  readonly #clock: Clock.Clock
  readonly #fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  readonly #onWake: Effect.Effect<void>
  #fiber: Fiber.Fiber<void> | undefined
  #setFor = Number.POSITIVE_INFINITY

  /** The timer runs in the given context. */
  constructor(context: Context.Context<never>, onWake: () => void) {
    this.#clock = Context.get(context, Clock.Clock)
    this.#fork = Effect.runForkWith(context)
    this.#onWake = Effect.sync(() => {
      this.#fiber = undefined
      this.#setFor = Number.POSITIVE_INFINITY
      onWake()
    })
  }

  /** Sets the timer to a `MonotonicClock` time; infinity switches it off. */
  set(at: number): void {
    if (this.#setFor === at) return
    this.#fiber?.interruptUnsafe()
    this.#setFor = at
    this.#fiber = Number.isFinite(at)
      ? this.#fork(Effect.andThen(MonotonicClock.sleepUntil(this.#clock, at), this.#onWake))
      : undefined
  }
}
