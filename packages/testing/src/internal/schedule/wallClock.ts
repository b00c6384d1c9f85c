/** A clock whose time of day can be set without a change of its monotonic time, as NTP or an administrator does it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

const nanosPerMilli = 1_000_000n

/** Sets the time of day by some milliseconds, without that time passes. */
export type SetClock = (millis: number) => void

/**
 * Runs a program on the clock of its context, with a time of day that can be set.
 * Sleeps and the monotonic time are those of the clock.
 */
export const withWallClock = <A, E, R>(program: (set: SetClock) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((inner) => {
    let offset = 0
    const millis = (): number => inner.currentTimeMillisUnsafe() + offset
    const nanos = (): bigint => inner.currentTimeNanosUnsafe() + BigInt(offset) * nanosPerMilli
    // A copy of a `TestClock` can still be adjusted; the methods of the machine's clock are not copied with it.
    const clock: Clock.Clock = {
      ...inner,
      monotonicTimeNanosUnsafe: () => inner.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: inner.monotonicTimeNanos,
      sleep: (duration) => inner.sleep(duration),
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos)
    }
    return Effect.provideService(
      program((by) => {
        offset += by
      }),
      Clock.Clock,
      clock
    )
  })
