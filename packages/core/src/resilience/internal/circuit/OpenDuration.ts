/**
 * How long a circuit stays open.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import type { RedisValues } from "./CircuitOptions.ts"

/** The most openings in a row for which the schedule is stepped; any growth has ended by then. */
const maxOpenings = 1_000

/**
 * Computes how many milliseconds the opening with this number, counted from 1
 * within a row of openings, lasts. `retryAfter` is a minimum in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export type OpenDuration = (opening: number, retryAfter?: number) => Effect.Effect<number>

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  { maxOpenDuration, openDuration }: Pick<RedisValues, "maxOpenDuration" | "openDuration">,
  clock: Clock.Clock
): OpenDuration =>
  Effect.fnUntraced(function* (opening: number, retryAfter = 0) {
    const step = yield* Schedule.toStep(openDuration)
    let now = MonotonicClock.millisUnsafe(clock)
    let millis = 0
    for (let n = 0; n < Math.min(opening, maxOpenings); n++) {
      const wait = yield* Effect.match(step(now, undefined), {
        onSuccess: ([, wait]) => Duration.toMillis(wait),
        onFailure: () => undefined
      })
      if (wait === undefined) break
      millis = wait
      now += wait
    }
    return Math.min(Duration.toMillis(maxOpenDuration), Math.max(millis, retryAfter))
  })
