/**
 * Checks the balance of an account. An empty account is unhealthy; one whose
 * balance cannot be read is degraded, since calls may still succeed.
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
  /** The role of an empty account. */
  readonly role: HealthRole
  readonly read: Effect.Effect<Pick<Balance, "available_balance">, BalanceError>
  /** The account is degraded at or below this balance, in its currency. */
  readonly warning: number
  readonly timeToLive: Duration.Duration
}

const fromBalance = ({ role, warning }: Options, available: number): CheckResult => {
  const details = { available, warning }
  if (available <= 0) {
    return { status: "unhealthy", code: "Empty", message: "The account balance is used up.", details, role }
  }
  if (available <= warning) {
    return { status: "degraded", code: "Low", message: "The account balance is low.", details }
  }
  return { status: "healthy", code: "Ok", message: "The account balance is sufficient.", details }
}

const fromBalanceError = (error: BalanceError): CheckResult =>
  error._tag === "UnsupportedOperationError" || error.status === 404
    ? { status: "healthy", code: "Unsupported", message: "The host does not report a balance." }
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
