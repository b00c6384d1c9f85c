/**
 * Looks at how many calls wait for an account's limits. Unhealthy is an account
 * at which no call of any priority may wait any more; a batch that fills its
 * own queue takes nothing from those with somebody in front of the screen.
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
  /** Part of a queue from which on it is degraded, 0 to 1. */
  readonly warning: number
}

/** A host that asks for less than this may go on as usual. */
const longPauseMillis = 60_000

const fromState = (state: AccountState, warning: number, now: number): CheckResult => {
  const { inFlight, maxQueue, pausedUntil, queues, waiting } = state
  const details = { inFlight, waiting, maxQueue, ...queues }
  const sizes = Object.values(queues)
  const pausedMillis = pausedUntil - now
  if (sizes.every((size) => size >= maxQueue)) {
    return {
      status: "unhealthy",
      code: "Full",
      message: "No further call may wait for the account's limits.",
      details: details
    }
  }
  if (sizes.some((size) => size >= maxQueue * warning)) {
    return {
      status: "degraded",
      code: "Crowded",
      message: "Many calls wait for the account's limits.",
      details: details
    }
  }
  if (pausedMillis > longPauseMillis) {
    const message = "The host has asked to be left alone, and calls wait for it."
    return { status: "degraded", code: "Paused", message, details: { ...details, pausedMillis } }
  }
  return { status: "healthy", code: "Ok", message: "There is room for calls.", details: details }
}

const noCalls: CheckResult = { status: "healthy", code: "Ok", message: "No call has been made." }

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
