/**
 * A time of day that is set while time passes, as NTP, an administrator or the
 * move of a virtual machine does it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** How far clocks are set: back and forward. */
export const jumps: ReadonlyArray<readonly [name: string, millis: number]> = [
  ["back by an hour", -3_600_000],
  ["forward by an hour", 3_600_000]
]

/** Sets the time of day by some milliseconds, without that time passes. */
export type SetClock = (millis: number) => void

/**
 * Runs a test on the clock of its context, with a time of day that can be set.
 * Sleeps and the monotonic time are those of the clock.
 */
export const withWallClock = <A, E, R>(test: (set: SetClock) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((inner) => {
    let offset = 0
    const millis = (): number => inner.currentTimeMillisUnsafe() + offset
    const nanos = (): bigint => inner.currentTimeNanosUnsafe() + BigInt(offset) * 1_000_000n
    // A copy of a `TestClock` can still be adjusted.
    const clock: Clock.Clock = {
      ...inner,
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos)
    }
    return Effect.provideService(
      test((by) => {
        offset += by
      }),
      Clock.Clock,
      clock
    )
  })
