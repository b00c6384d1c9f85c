/**
 * Uses a store that may be away and must never cost an answer: an operation on
 * it is given a short time, and one that fails or takes longer gives nothing.
 *
 * While the store is known to be away it is left alone for a cool-down, so
 * that not every call pays for the wait; then one operation finds out whether
 * it is back. An outage is said once when it begins, as a warning, and once
 * when it is over.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Longest operation. */
  readonly timeout: Duration.Duration
  /** How long the store is left alone after an operation failed. */
  readonly cooldown: Duration.Duration
  /** What the warning says when the store is away. */
  readonly unavailableMessage: string
  /** What is said when it is back. */
  readonly recoveredMessage: string
}

/**
 * A store as seen through its outages.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoreOutage {
  /** Whether the latest operation failed. */
  readonly isUnavailable: () => boolean
  /**
   * Runs an operation on the store, unless it is known to be away; none when
   * it fails or does not answer in time. It holds an interrupt back until then,
   * so that what the store has done is always known.
   */
  readonly tryRun: <A, E, R>(operation: Effect.Effect<A, E, R>) => Effect.Effect<Option.Option<A>, never, R>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<StoreOutage> =>
  Effect.map(Clock.Clock, (clock) => {
    const timeout = Duration.toMillis(options.timeout)
    const cooldown = Duration.toMillis(options.cooldown)
    const late = Cause.fail(new Cause.TimeoutError(`No answer within ${Duration.format(options.timeout)}`))
    let isUnavailable = false
    let triedAt = 0

    const isLeftAlone = (now: number): boolean => {
      // A clock that went back must not make the cool-down longer.
      const sinceTried = now - triedAt
      return sinceTried >= 0 && sinceTried < cooldown
    }

    const lost = (cause: Cause.Cause<unknown>): Effect.Effect<Option.Option<never>> =>
      Effect.suspend(() => {
        triedAt = clock.currentTimeMillisUnsafe()
        if (isUnavailable) return Effect.succeedNone
        isUnavailable = true
        return Effect.as(Effect.logWarning(options.unavailableMessage, cause), Option.none())
      })

    const found = <A>(result: A): Effect.Effect<Option.Option<A>> =>
      Effect.suspend(() => {
        if (!isUnavailable) return Effect.succeedSome(result)
        isUnavailable = false
        return Effect.as(Effect.logInfo(options.recoveredMessage), Option.some(result))
      })

    return {
      isUnavailable: () => isUnavailable,
      tryRun: (operation) =>
        Effect.uninterruptible(
          Effect.suspend(() => {
            if (isUnavailable) {
              const now = clock.currentTimeMillisUnsafe()
              if (isLeftAlone(now)) return Effect.succeedNone
              triedAt = now
            }
            return Effect.matchCauseEffect(Effect.timeoutOption(operation, timeout), {
              onSuccess: Option.match({ onNone: () => lost(late), onSome: found }),
              onFailure: lost
            })
          })
        )
    }
  })
