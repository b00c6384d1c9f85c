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

/**
 * Guards the pulls of one stream.
 *
 * @category models
 * @since 0.1.0
 */
export interface Watchdog {
  /**
   * Runs a pull, and interrupts it in favour of `onExpired` when it is still
   * waiting at `deadline`, a `MonotonicClock` time.
   */
  readonly guard: <A, E, E2>(
    pull: Effect.Effect<A, E>,
    deadline: number,
    onExpired: () => Effect.Effect<never, E2>
  ) => Effect.Effect<A, E | E2>
}

/**
 * A watchdog whose timer lives no longer than the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (scope: Scope.Scope): Effect.Effect<Watchdog> =>
  Effect.flatMap(Effect.context<never>(), (context) => {
    const clock = Context.get(context, Clock.Clock)
    const fork = Effect.runForkWith(context)
    /** The pull that is waiting. */
    let waiting: { readonly deadline: number; readonly expire: () => void } | undefined
    /** The time at which the timer fires, while there is one. */
    let armedFor = Number.POSITIVE_INFINITY
    let timer: Fiber.Fiber<void> | undefined

    const tick: Effect.Effect<void> = Effect.suspend(() => {
      if (waiting === undefined) {
        armedFor = Number.POSITIVE_INFINITY
        return Effect.void
      }
      if (waiting.deadline > MonotonicClock.millisUnsafe(clock)) {
        armedFor = waiting.deadline
        return Effect.andThen(MonotonicClock.sleepUntil(clock, armedFor), tick)
      }
      armedFor = Number.POSITIVE_INFINITY
      waiting.expire()
      return Effect.void
    })

    /** The timer usually sleeps long enough already; only an earlier deadline needs another. */
    const arm = (deadline: number): void => {
      if (armedFor <= deadline) return
      timer?.interruptUnsafe()
      timer = fork(tick)
    }

    const guard: Watchdog["guard"] = (pull, deadline, onExpired) =>
      Effect.callback((resume) => {
        const fiber = fork(pull)
        const exit = fiber.pollUnsafe()
        if (exit !== undefined) return resume(exit)
        waiting = {
          deadline,
          expire: () => {
            waiting = undefined
            resume(Effect.andThen(Fiber.interrupt(fiber), Effect.suspend(onExpired)))
          }
        }
        fiber.addObserver((exit) => {
          waiting = undefined
          resume(exit)
        })
        arm(deadline)
        return Effect.suspend(() => {
          waiting = undefined
          return Fiber.interrupt(fiber)
        })
      })

    return Effect.as(
      Scope.addFinalizer(
        scope,
        Effect.sync(() => timer?.interruptUnsafe())
      ),
      { guard }
    )
  })
