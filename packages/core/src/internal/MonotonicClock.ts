/**
 * The time by which durations are measured. It never goes back and is never
 * set, unlike the time of day, which can jump by hours when the machine corrects
 * its clock or is moved.
 *
 * The time of day is for calendar questions (the day of a cap, the price at a
 * date), for times that are shown or compared with those of other machines, and
 * for what is stored and read by another process.
 *
 * **Gotchas**
 *
 * - The origin is arbitrary, so a time means something only within this process.
 * - It may stand still while the machine is suspended, as timers do.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

const nanosPerMilli = 1_000_000

/**
 * The monotonic time in whole milliseconds, which is the precision of timers.
 *
 * @category getters
 * @since 0.1.0
 */
export const millisUnsafe = (clock: Clock.Clock): number =>
  Math.floor(Number(clock.monotonicTimeNanosUnsafe()) / nanosPerMilli)

/**
 * The monotonic time in whole milliseconds.
 *
 * @category getters
 * @since 0.1.0
 */
export const millis: Effect.Effect<number> = Clock.clockWith((clock) => Effect.sync(() => millisUnsafe(clock)))

/**
 * Sleeps until a monotonic time in milliseconds. It may be fractional: a timer
 * that fires within its millisecond would be too early.
 *
 * @category combinators
 * @since 0.1.0
 */
export const sleepUntil = (clock: Clock.Clock, at: number): Effect.Effect<void> =>
  clock.sleep(Duration.millis(Math.ceil(at - millisUnsafe(clock))))

/**
 * The milliseconds by which the time of day is now ahead of the monotonic time:
 * a monotonic time plus this is a Unix time. It changes when the clock of the
 * machine is set, so it is read for every conversion.
 *
 * @category conversions
 * @since 0.1.0
 */
export const unixOffsetUnsafe = (clock: Clock.Clock): number => clock.currentTimeMillisUnsafe() - millisUnsafe(clock)

/**
 * The time of day for what must not happen early, such as deleting what has
 * ended: after the clock was set forward, the time at which it would be if it had
 * not been; after it was set back, the time of day itself. `now` is the monotonic
 * time, where it is known.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeLateUnix = (clock: Clock.Clock): ((now?: number) => number) => {
  const offset = unixOffsetUnsafe(clock)
  return (now = millisUnsafe(clock)) => Math.min(clock.currentTimeMillisUnsafe(), now + offset)
}
