/**
 * Runs operations on a store that may be unavailable and must not fail a call:
 * each has a short timeout, and gives no result if it fails or takes longer.
 *
 * After a failure the store is not used for a cool-down, so that not every call
 * waits for the timeout; then one operation tests whether it has recovered. Logs
 * a warning once when an outage starts, and once when it ends.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as MonotonicClock from "./MonotonicClock.ts"
import * as TimeBound from "./TimeBound.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The longest operation. */
  readonly timeout: Duration.Duration
  /** How long the store is not used after an operation failed. */
  readonly cooldown: Duration.Duration
  /** The warning when an outage starts. */
  readonly unavailableMessage: string
  /** The message when the outage ends. */
  readonly recoveredMessage: string
}

/**
 * Runs operations, and tracks outages.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoreOutage {
  /** Whether the latest operation failed. */
  readonly isUnavailable: () => boolean
  /** Why the latest operation failed; `undefined` if it succeeded. */
  readonly failure: () => unknown
  /**
   * Runs an operation on the store; none if it fails or takes longer than the
   * timeout, or during a cool-down. An interrupt is delayed until then, so that
   * the result of the operation is always known.
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
    const timedOut = Cause.fail(new Cause.TimeoutError(`No answer within ${Duration.format(options.timeout)}`))
    let isUnavailable = false
    let failure: unknown
    let lastAttemptAt = 0

    const onFailure = (cause: Cause.Cause<unknown>): Effect.Effect<Option.Option<never>> =>
      Effect.suspend(() => {
        lastAttemptAt = MonotonicClock.millisUnsafe(clock)
        failure = Cause.squash(cause)
        if (isUnavailable) return Effect.succeedNone
        isUnavailable = true
        return Effect.as(Effect.logWarning(options.unavailableMessage, cause), Option.none())
      })

    const onSuccess = <A>(result: A): Effect.Effect<Option.Option<A>> =>
      Effect.suspend(() => {
        if (!isUnavailable) return Effect.succeedSome(result)
        isUnavailable = false
        failure = undefined
        return Effect.as(Effect.logInfo(options.recoveredMessage), Option.some(result))
      })

    return {
      isUnavailable: () => isUnavailable,
      failure: () => failure,
      tryRun: (operation) =>
        Effect.uninterruptible(
          Effect.suspend(() => {
            if (isUnavailable) {
              const now = MonotonicClock.millisUnsafe(clock)
              if (now - lastAttemptAt < cooldown) return Effect.succeedNone
              lastAttemptAt = now
            }
            return Effect.matchCauseEffect(
              TimeBound.within(operation, timeout, () => Effect.failCause(timedOut)),
              { onSuccess, onFailure }
            )
          })
        )
    }
  })
