/**
 * A clock that counts sleeping fibers.
 */
import { Clock, Effect } from "effect"

export const makeCounting = Effect.map(Clock.clockWith(Effect.succeed), (clock) => {
  let asleep = 0
  let begun = 0
  const counting: Clock.Clock = {
    currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
    currentTimeMillis: clock.currentTimeMillis,
    currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
    currentTimeNanos: clock.currentTimeNanos,
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          asleep += 1
          begun += 1
        }),
        () => clock.sleep(duration),
        () =>
          Effect.sync(() => {
            asleep -= 1
          })
      )
  }
  return { clock: counting, asleep: () => asleep, begun: () => begun }
})
