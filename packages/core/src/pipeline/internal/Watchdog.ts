/**
 * Bounds how long the pulls of a stream may wait, with one timer for the whole
 * stream: a timer and a race for every pull would cost more than the pull.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as MonotonicClock from "../../internal/MonotonicClock.ts"
import * as TimerQueue from "../../internal/TimerQueue.ts"
import { observeExit } from "../../internal/observeExit.ts"

/** A pull that is waiting. */
interface Wait {
  /** A `MonotonicClock` time. */
  readonly deadline: number
  readonly expire: () => void
}

/**
 * Guards the pulls of one stream, of which at most one waits at a time. A
 * class, because every closure would take memory for each open stream.
 *
 * @category models
 * @since 0.1.0
 */
export class Watchdog {
  readonly #context: Context.Context<never>
  readonly #clock: Clock.Clock
  readonly #timers: TimerQueue.TimerQueue
  #wait: Wait | undefined = undefined
  /** It usually expires early enough already; only an earlier deadline needs another. */
  #timer: TimerQueue.Timer | undefined = undefined

  constructor(context: Context.Context<never>) {
    this.#context = context
    this.#clock = Context.get(context, Clock.Clock)
    this.#timers = TimerQueue.of(this.#clock)
  }

  /**
   * Runs a pull, and interrupts it in favor of `onExpired` when it is still
   * waiting at `deadline`, a `MonotonicClock` time.
   */
  guard<A, E, E2>(
    pull: Effect.Effect<A, E>,
    deadline: number,
    onExpired: () => Effect.Effect<never, E2>
  ): Effect.Effect<A, E | E2> {
    return Effect.callback((resume) => {
      const fiber = Effect.runForkWith(this.#context)(pull)
      const exit = fiber.pollUnsafe()
      if (exit !== undefined) return resume(exit)
      this.#begin({
        deadline,
        expire: () => resume(Effect.andThen(Fiber.interrupt(fiber), Effect.suspend(onExpired)))
      })
      observeExit(fiber, (exit) => {
        this.#wait = undefined
        resume(exit)
      })
      return Effect.suspend(() => {
        this.#wait = undefined
        return Fiber.interrupt(fiber)
      })
    })
  }

  /** Removes the timer. */
  readonly stop: Effect.Effect<void> = Effect.sync(() => {
    if (this.#timer !== undefined) this.#timers.remove(this.#timer)
    this.#timer = undefined
  })

  #begin(wait: Wait): void {
    this.#wait = wait
    if (this.#timer !== undefined && this.#timer.at <= wait.deadline) return
    if (this.#timer !== undefined) this.#timers.remove(this.#timer)
    this.#timer = this.#timers.add(wait.deadline, this.#check)
  }

  readonly #check = (): void => {
    this.#timer = undefined
    const wait = this.#wait
    if (wait === undefined) return
    if (wait.deadline > MonotonicClock.millisUnsafe(this.#clock)) {
      this.#timer = this.#timers.add(wait.deadline, this.#check)
      return
    }
    this.#wait = undefined
    wait.expire()
  }
}

/**
 * A watchdog whose timer lives no longer than the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (scope: Scope.Scope): Effect.Effect<Watchdog> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const watchdog = new Watchdog(context)
    return Effect.as(Scope.addFinalizer(scope, watchdog.stop), watchdog)
  })
