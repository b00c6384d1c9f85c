/** Repeats requests that call no model while their errors allow it. */
import * as Backoff from "@kimi-effect/core/Backoff"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** How often a request is repeated. */
export interface RetryPolicy {
  readonly maxAttempts: number
  readonly backoff: Backoff.Options
}

/** A host that asks for a longer wait is left to the caller. */
const maxRetryAfter = Duration.minutes(10)

/** The wait before attempt `failures + 1`; `undefined` if the error is final. */
export const waitAfter = (
  { backoff, maxAttempts }: RetryPolicy,
  error: KimiError,
  failures: number
): Effect.Effect<Duration.Duration | undefined> => {
  const { isRetryable, retryAfter = Duration.zero } = error
  if (!isRetryable || failures >= maxAttempts || Duration.isGreaterThan(retryAfter, maxRetryAfter)) {
    return Effect.undefined
  }
  const [from, to] = Backoff.bounds(backoff, failures, 0)
  return Effect.map(Random.next, (chance) => Duration.max(retryAfter, Duration.millis(from + chance * (to - from))))
}

/** As many attempts as the policy allows. Each gets how many failed before it. */
export const retried = <A, E extends KimiError, R>(
  policy: RetryPolicy,
  attempt: (failures: number) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  const from = (failures: number): Effect.Effect<A, E, R> =>
    Effect.catch(attempt(failures), (error) =>
      Effect.flatMap(waitAfter(policy, error, failures + 1), (wait) =>
        wait === undefined ? Effect.fail(error) : Effect.andThen(Effect.sleep(wait), from(failures + 1))
      )
    )
  return from(0)
}
