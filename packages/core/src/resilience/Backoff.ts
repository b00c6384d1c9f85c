/**
 * Backoff between attempts, as Effect `Schedule`s.
 *
 * The schedules ignore the error: `Retry` applies the wait that a host requests
 * as the minimum of any schedule.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"

/**
 * Backoff jitter: how waits are randomized, so that callers that failed together
 * do not retry together.
 *
 * - `full`: from zero to the exponential wait.
 * - `equal`: from half of the exponential wait to all of it.
 * - `decorrelated`: from the base to three times the previous wait.
 * - `none`: the exponential wait itself.
 *
 * @category models
 * @since 0.1.0
 */
export type Jitter = "full" | "equal" | "decorrelated" | "none"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The first wait before jitter. */
  readonly baseDelay: Duration.Input
  /** The longest wait. */
  readonly maxDelay: Duration.Input
  /** How waits are randomized. */
  readonly jitter: Jitter
}

/** The exponential wait before attempt `n + 1`, in milliseconds. It stays finite for any `n`. */
const exponential = (base: number, cap: number, n: number): number => Math.min(cap, base * 2 ** Math.min(n - 1, 1_000))

/**
 * The bounds between which the wait after failure number `n` lies, in
 * milliseconds. `previous` is the wait before.
 *
 * @category getters
 * @since 0.1.0
 */
export const bounds = (options: Options, n: number, previous: number): readonly [from: number, to: number] => {
  const base = Duration.toMillis(options.baseDelay)
  const cap = Duration.toMillis(options.maxDelay)
  const wait = exponential(base, cap, n)
  switch (options.jitter) {
    case "none":
      return [wait, wait]
    case "full":
      return [0, wait]
    case "equal":
      return [wait / 2, wait]
    case "decorrelated":
      return [Math.min(base, cap), Math.min(cap, Math.max(base, previous * 3))]
  }
}

/**
 * Doubles the wait after every failure up to the cap, with jitter from `Random`.
 * It never ends.
 *
 * @category schedules
 * @since 0.1.0
 */
export const schedule = (options: Options): Schedule.Schedule<Duration.Duration> =>
  Schedule.fromStepWithMetadata(
    Effect.sync(() => {
      let previous = Duration.toMillis(options.baseDelay)
      return ({ attempt }: Schedule.InputMetadata<unknown>) =>
        Effect.map(Random.next, (chance): [Duration.Duration, Duration.Duration] => {
          const [from, to] = bounds(options, attempt, previous)
          previous = from + chance * (to - from)
          const wait = Duration.millis(previous)
          return [wait, wait]
        })
    })
  )
