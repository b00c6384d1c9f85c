/**
 * A limiter admits calls: at once, after a wait, or not at all.
 *
 * `Admission` sends attempts through a limiter; `LocalLimiter` decides within
 * this process, `RedisLimiter` across processes.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Priority } from "../../../CallOptions.ts"
import type { KimiError } from "../../../errors/KimiError.ts"
import type { AdmissionError } from "../../../errors/OperationErrors.ts"
import type { CircuitOpenError } from "../../../errors/ResilienceErrors.ts"
import type { RateStatus } from "../../../models/RateStatus.ts"
import type { AccountUsage } from "./AccountLimits.ts"
import type { RateLimits } from "../../RateLimits.ts"
import type { Restore } from "../../../pipeline/internal/StreamGuard.ts"

/**
 * A call that needs a permit.
 *
 * @category models
 * @since 0.1.0
 */
export interface PermitRequest {
  /** The account whose limits apply. */
  readonly account: string
  /** The tokens that the call counts for; only computed when tokens are limited. */
  readonly tokens: () => number
  /**
   * Called when the call has to wait. The function that it returns gives the
   * error if the call is no longer allowed, so that a host that failed in the
   * meantime is not called.
   */
  readonly watch?: (() => () => CircuitOpenError | undefined) | undefined
}

/**
 * How a call ended.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "success" | "interrupted" | KimiError

/**
 * The permit of an admitted call. It is held until the call has ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Permit {
  /** Records the rate-limit headers of a response. */
  readonly recordRateStatus: (status: RateStatus) => void
  /** Releases the permit; further calls do nothing. */
  readonly release: (outcome: Outcome) => Effect.Effect<void>
}

/**
 * How long and how many calls may wait.
 *
 * @category options
 * @since 0.1.0
 */
export interface QueueLimits {
  readonly maxWait: Duration.Duration
  /** Calls of one priority that may wait for one account. */
  readonly maxQueue: number
}

/**
 * What can be changed while a limiter is in use.
 *
 * @category options
 * @since 0.1.0
 */
export interface Changes {
  readonly maxWait?: QueueLimits["maxWait"] | undefined
  readonly maxQueue?: QueueLimits["maxQueue"] | undefined
  /** The limits of an account; `undefined` leaves them unchanged. */
  readonly limitsOf?: ((account: string) => RateLimits | undefined) | undefined
}

/**
 * The state of an account.
 *
 * @category models
 * @since 0.1.0
 */
export interface AccountState extends AccountUsage {
  /** Unix milliseconds until which the host requested a pause; 0 without any. */
  readonly pausedUntil: number
  /** The limits that apply now: configured, or learned from the host. */
  readonly limits: RateLimits
  /** Waiting calls. */
  readonly waiting: number
  /** Waiting calls by priority. */
  readonly queues: { readonly [P in Priority]: number }
  /** Calls of one priority that may wait. */
  readonly maxQueue: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Limiter {
  /**
   * Waits for a permit. It has to be called in an uninterruptible region, so
   * that no permit is lost between being granted and being held; the wait itself
   * runs under `restore`, and takes no permit when it is interrupted.
   */
  readonly acquire: (
    request: PermitRequest,
    restore: Restore
  ) => Effect.Effect<Permit, AdmissionError | CircuitOpenError>
  /** The state of every account in use, by name. */
  readonly states: Effect.Effect<ReadonlyMap<string, AccountState>>
  /**
   * Changes limits in place. Usage stays counted, running calls keep their
   * permits, and waiting calls are decided again; they keep the longest wait
   * with which they started.
   */
  readonly change: (changes: Changes) => Effect.Effect<void>
}
