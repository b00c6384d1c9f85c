/**
 * Where a call asks to be let in, and is let in at once, later or not at all.
 *
 * `Admission` puts attempts behind a door; `LocalDoor` decides in this
 * process, `RedisDoor` together with others.
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
 * A call that asks to be let in.
 *
 * @category models
 * @since 0.1.0
 */
export interface PermitRequest {
  /** The account whose limits are asked. */
  readonly account: string
  /** What the call counts for; only asked when tokens are limited. */
  readonly tokens: () => number
  /**
   * Asked when the call has to wait: the answer tells later whether the call
   * may still be made, so that a host that failed in the meantime is let alone.
   */
  readonly watch?: (() => () => CircuitOpenError | undefined) | undefined
}

/**
 * How a call ended: with an answer, with an error, or without a word because
 * its caller left.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome = "success" | "interrupted" | KimiError

/**
 * The place of a call that was let in. It is held until the call has ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Permit {
  /** Hears what the host tells of the account beside its answer. */
  readonly recordRateStatus: (status: RateStatus) => void
  /** Gives the place back, once. */
  readonly release: (outcome: Outcome) => Effect.Effect<void>
}

/**
 * How long and how many may wait.
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
 * What of a door may change while it is used.
 *
 * @category options
 * @since 0.1.0
 */
export interface Changes extends Partial<QueueLimits> {
  /** The limits of an account; `undefined` leaves it those that it has. */
  readonly limitsOf?: (account: string) => RateLimits | undefined
}

/**
 * What is known of an account.
 *
 * @category models
 * @since 0.1.0
 */
export interface AccountState extends AccountUsage {
  /** The limits that were given or that the host has named. */
  readonly limits: RateLimits
  /** Calls that wait. */
  readonly waiting: number
  /** Calls that wait, by their priority. */
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
   * Waits for a place. It is called where nothing interrupts, so that no place
   * is lost between being given and being held; the wait itself goes through
   * `restore`, and takes nothing when it is interrupted.
   */
  readonly acquire: (ask: PermitRequest, restore: Restore) => Effect.Effect<Permit, AdmissionError | CircuitOpenError>
  /** Every account that was asked for, by its name. */
  readonly states: Effect.Effect<ReadonlyMap<string, AccountState>>
  /**
   * Changes limits in place. What was counted stays counted, calls that run
   * keep their places, and calls that wait are looked at anew; they keep the
   * patience that they came with.
   */
  readonly change: (changes: Changes) => Effect.Effect<void>
}
