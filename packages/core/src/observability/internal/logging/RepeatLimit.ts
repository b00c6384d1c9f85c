/**
 * Lets so many events of a kind pass in an interval, and then says how many
 * did not: what fails a thousand times a second is worth a few lines and a
 * number.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { withoutCallContext } from "./LogContext.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Events of a kind that pass in an interval. Defaults to 5. */
  readonly maxEvents?: number | undefined
  /** Begins with the first event of a kind. Defaults to 1 minute. */
  readonly interval?: Duration.Input | undefined
  /** Kinds that are kept apart at a time; the one that began first makes room. Defaults to 1,000. */
  readonly maxKeys?: number | undefined
}

/**
 * What was not let through.
 *
 * @category models
 * @since 0.1.0
 */
export interface Suppressed<A> {
  readonly count: number
  /** Milliseconds since the first event of the interval. */
  readonly since: number
  /** The last of them. */
  readonly last: A
}

interface Window<A> {
  readonly startedAt: number
  passed: number
  count: number
  last: A
}

/**
 * Makes a function that tells whether an event of a kind passes. `tell` is run
 * when an interval is over in which some did not, and when the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(
  tell: (suppressed: Suppressed<A>) => Effect.Effect<void>,
  options: Options = {}
): Effect.Effect<(kind: string, event: A) => Effect.Effect<boolean>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const scope = yield* Effect.scope
    const times = Math.max(0, options.maxEvents ?? 5)
    const interval = Duration.toMillis(options.interval ?? "1 minute")
    const maxKinds = Math.max(1, options.maxKeys ?? 1_000)
    // All intervals are as long, so the first is over first.
    const windows = new Map<string, Window<A>>()
    let isWatched = false
    // Whoever built this may have no loggers yet; those who log do.
    let context = withoutCallContext(yield* Effect.context())

    const remove = (kind: string, window: Window<A>): Effect.Effect<void> => {
      windows.delete(kind)
      if (window.count === 0) return Effect.void
      const since = clock.currentTimeMillisUnsafe() - window.startedAt
      return Effect.updateContext(tell({ count: window.count, since, last: window.last }), () => context)
    }

    const first = (): [string, Window<A>] | undefined => windows.entries().next().value

    /** Waits for the intervals one after the other, as long as there are any. */
    const watch: Effect.Effect<void> = Effect.suspend(() => {
      const next = first()
      if (next === undefined) {
        isWatched = false
        return Effect.void
      }
      const left = next[1].startedAt + interval - clock.currentTimeMillisUnsafe()
      return Effect.andThen(left > 0 ? Effect.sleep(left) : remove(...next), watch)
    })

    const watched = Effect.suspend(() => {
      if (isWatched) return Effect.void
      isWatched = true
      return Effect.asVoid(Effect.forkIn(watch, scope))
    })

    const begin = (kind: string, last: A, now: number): Effect.Effect<boolean> => {
      const crowded = windows.size >= maxKinds ? first() : undefined
      windows.set(kind, { startedAt: now, passed: Math.min(1, times), count: 1 - Math.min(1, times), last })
      const begun = times === 0 ? Effect.as(watched, false) : Effect.succeed(true)
      return crowded === undefined ? begun : Effect.andThen(remove(...crowded), begun)
    }

    const closing = Effect.suspend(() => Effect.forEach([...windows], (entry) => remove(...entry), { discard: true }))
    yield* Scope.addFinalizer(scope, closing)

    return (kind, event) =>
      Effect.suspend(() => {
        const now = clock.currentTimeMillisUnsafe()
        const window = windows.get(kind)
        if (window === undefined) return begin(kind, event, now)
        // A clock that went back must not make an interval longer.
        const age = now - window.startedAt
        if (age < 0 || age >= interval) return Effect.andThen(remove(kind, window), begin(kind, event, now))
        if (window.passed < times) {
          window.passed += 1
          return Effect.succeed(true)
        }
        window.count += 1
        window.last = event
        return Effect.contextWith((current: Context.Context<never>) => {
          context = withoutCallContext(current)
          return Effect.as(watched, false)
        })
      })
  })
