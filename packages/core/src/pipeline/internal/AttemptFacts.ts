/**
 * The facts of failed attempts, which errors carry in `attempts`.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type { FailedAttempt } from "../../errors/FailedAttempt.ts"
import * as MonotonicClock from "../../internal/MonotonicClock.ts"

/**
 * What is known of a failed attempt. Times are those of `MonotonicClock`.
 *
 * @category models
 * @since 0.1.0
 */
export interface AttemptFacts {
  readonly clock: Clock.Clock
  readonly tag: string
  readonly provider: string | undefined
  readonly model: string | undefined
  readonly requestId: string | undefined
  readonly startedAt: number
  readonly endedAt: number
  /** Milliseconds until the next attempt. Defaults to 0. */
  readonly delay?: number
  readonly isPossiblyBilled: boolean
}

/**
 * The failed attempt as errors carry it, with a Unix time; unknown members are
 * left out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const toFailedAttempt = ({
  clock,
  delay = 0,
  endedAt,
  isPossiblyBilled,
  model,
  provider,
  requestId,
  startedAt,
  tag
}: AttemptFacts): FailedAttempt => ({
  tag,
  ...(provider === undefined ? {} : { provider }),
  ...(model === undefined ? {} : { model }),
  ...(requestId === undefined ? {} : { requestId }),
  startedAt: startedAt + MonotonicClock.unixOffsetUnsafe(clock),
  duration: endedAt - startedAt,
  delay,
  isPossiblyBilled
})
