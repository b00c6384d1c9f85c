/**
 * Limits how many events of a kind pass in an interval, and reports the number
 * of those that were suppressed: a failure that occurs a thousand times a second
 * takes a few lines and a count.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import { withoutCallContext } from "./LogContext.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Events of a kind that pass in an interval. Defaults to 5. */
  readonly maxEvents?: number | undefined
  /** Starts with the first event of a kind. Defaults to 1 minute. */
  readonly interval?: Duration.Input | undefined
  /** Distinct kinds at a time; beyond that the oldest one is removed. Defaults to 1,000. */
  readonly maxKeys?: number | undefined
}

/**
 * The suppressed events of one kind.
 *
 * @category models
 * @since 0.1.0
 */
export interface Suppressed<A> {
  readonly count: number
  /** Milliseconds since the first event of the interval. */
  readonly since: number
  /** The last suppressed event. */
  readonly last: A
}

interface Window<A> {
  readonly startedAt: number
  passed: number
  count: number
  last: A
}

/**
 * Makes a function that decides whether an event of a kind passes. `report` runs
 * at the end of an interval in which events were suppressed, and when the scope
 * closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(
  report: (suppressed: Suppressed<A>) => Effect.Effect<void>,
  options: Options = {}
): Effect.Effect<(kind: string, event: A) => Effect.Effect<boolean>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const scope = yield* Effect.scope
    const times = Math.max(0, options.maxEvents ?? 5)
    const interval = Duration.toMillis(options.interval ?? "1 minute")
    const maxKinds = Math.max(1, options.maxKeys ?? 1_000)
    // All intervals have the same length, so the oldest one ends first.
    const windows = new Map<string, Window<A>>()
    let isTimerRunning = false
    // The layer that builds this may have no loggers yet; the fibers of later events do.
    let context = withoutCallContext(yield* Effect.context())

    const remove = (kind: string, window: Window<A>): Effect.Effect<void> => {
      windows.delete(kind)
      if (window.count === 0) return Effect.void
      const since = MonotonicClock.millisUnsafe(clock) - window.startedAt
      return Effect.updateContext(report({ count: window.count, since, last: window.last }), () => context)
    }

    const oldest = (): [string, Window<A>] | undefined => windows.entries().next().value

    /** Waits for the intervals one after another, until there are none. */
    const timer: Effect.Effect<void> = Effect.suspend(() => {
      const next = oldest()
      if (next === undefined) {
        isTimerRunning = false
        return Effect.void
      }
      const end = next[1].startedAt + interval
      const isOver = MonotonicClock.millisUnsafe(clock) >= end
      return Effect.andThen(isOver ? remove(...next) : MonotonicClock.sleepUntil(clock, end), timer)
    })

    const startTimer = Effect.suspend(() => {
      if (isTimerRunning) return Effect.void
      isTimerRunning = true
      return Effect.asVoid(Effect.forkIn(timer, scope))
    })

    const start = (kind: string, last: A, now: number): Effect.Effect<boolean> => {
      const evicted = windows.size >= maxKinds ? oldest() : undefined
      windows.set(kind, { startedAt: now, passed: Math.min(1, times), count: 1 - Math.min(1, times), last })
      const isPassed = times === 0 ? Effect.as(startTimer, false) : Effect.succeed(true)
      return evicted === undefined ? isPassed : Effect.andThen(remove(...evicted), isPassed)
    }

    const close = Effect.suspend(() => Effect.forEach([...windows], (entry) => remove(...entry), { discard: true }))
    yield* Scope.addFinalizer(scope, close)

    return (kind, event) =>
      Effect.suspend(() => {
        const now = MonotonicClock.millisUnsafe(clock)
        const window = windows.get(kind)
        if (window === undefined) return start(kind, event, now)
        if (now - window.startedAt >= interval) return Effect.andThen(remove(kind, window), start(kind, event, now))
        if (window.passed < times) {
          window.passed += 1
          return Effect.succeed(true)
        }
        window.count += 1
        window.last = event
        return Effect.contextWith((current: Context.Context<never>) => {
          context = withoutCallContext(current)
          return Effect.as(startTimer, false)
        })
      })
  })
