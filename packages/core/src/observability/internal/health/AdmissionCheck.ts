/**
 * Checks how many attempts wait for the limits of an account. The account is
 * unhealthy when the queues of all priorities are full: a batch that fills its
 * own queue does not affect interactive calls.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { HealthRole } from "../../../models/SystemHealth.ts"
import type { AccountState } from "../../../resilience/internal/admission/Limiter.ts"
import type { CheckResult, HealthCheck } from "./HealthCheck.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly account: string
  readonly role: HealthRole
  readonly states: Effect.Effect<ReadonlyMap<string, AccountState>>
  /** The account is degraded when a queue is filled to this fraction, 0 to 1. */
  readonly warning: number
}

/** Shorter pauses are normal operation. */
const longPauseMillis = 60_000

const fromState = (state: AccountState, warning: number, now: number): CheckResult => {
  const { inFlight, maxQueue, pausedUntil, queues, waiting } = state
  const details = { inFlight, waiting, maxQueue, ...queues }
  const sizes = Object.values(queues)
  const pausedMillis = pausedUntil - now
  if (sizes.every((size) => size >= maxQueue)) {
    return {
      status: "unhealthy",
      code: "QueueFull",
      message: "The queues for the account's limits are full.",
      details
    }
  }
  if (sizes.some((size) => size >= maxQueue * warning)) {
    return {
      status: "degraded",
      code: "QueueNearlyFull",
      message: "Many calls are waiting for the account's limits.",
      details
    }
  }
  if (pausedMillis > longPauseMillis) {
    const message = "The host sent a long Retry-After; calls are queued until it ends."
    return { status: "degraded", code: "Paused", message, details: { ...details, pausedMillis } }
  }
  return { status: "healthy", code: "Ok", message: "Calls can be queued.", details }
}

const noCalls: CheckResult = { status: "healthy", code: "Ok", message: "No call has been made yet." }

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ account, role, states, warning }: Options): HealthCheck => ({
  name: "admission",
  account,
  role,
  check: Effect.map(Effect.all([states, Clock.currentTimeMillis]), ([accounts, now]) => {
    const state = accounts.get(account)
    return state === undefined ? noCalls : fromState(state, warning, now)
  })
})
