/**
 * Looks at the money in an account. An empty account is unhealthy; one whose
 * money nobody knows is degraded, since calls may well be answered.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { BalanceError } from "../../../errors/OperationErrors.ts"
import type { Balance } from "../../../models/Balance.ts"
import type { HealthRole } from "../../../models/SystemHealth.ts"
import { type CheckResult, type HealthCheck, fromError } from "./HealthCheck.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly account: string
  /** Of an account that is empty. */
  readonly role: HealthRole
  readonly read: Effect.Effect<Pick<Balance, "available_balance">, BalanceError>
  /** At or below this much, in the account's currency, it is degraded. */
  readonly warning: number
  readonly timeToLive: Duration.Duration
}

const fromBalance = ({ role, warning }: Options, available: number): CheckResult => {
  const details = { available, warning }
  if (available <= 0) {
    return { status: "unhealthy", code: "Empty", message: "There is no money in the account.", details: details, role }
  }
  if (available <= warning) {
    return { status: "degraded", code: "Low", message: "There is little money left in the account.", details: details }
  }
  return { status: "healthy", code: "Ok", message: "There is money in the account.", details: details }
}

const fromBalanceError = (error: BalanceError): CheckResult =>
  error._tag === "UnsupportedOperationError" || error.status === 404
    ? { status: "healthy", code: "NotOffered", message: "The host does not tell the balance." }
    : { ...fromError(error), status: "degraded" }

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): HealthCheck => ({
  name: "balance",
  account: options.account,
  role: "supporting",
  timeToLive: options.timeToLive,
  check: Effect.match(options.read, {
    onFailure: fromBalanceError,
    onSuccess: ({ available_balance }) => fromBalance(options, available_balance)
  })
})
