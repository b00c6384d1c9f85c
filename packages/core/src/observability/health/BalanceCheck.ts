/**
 * Looks at the money in an account. An empty account is unhealthy; one whose
 * money nobody knows is degraded, since calls may well be answered.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { BalanceError } from "../../errors/OperationErrors.ts"
import type { Balance } from "../../models/Balance.ts"
import type { HealthRole } from "../../models/Health.ts"
import { type Finding, type HealthCheck, ofError } from "./HealthCheck.ts"

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
  readonly every: Duration.Duration
}

const ofBalance = ({ role, warning }: Options, available: number): Finding => {
  const facts = { available, warning }
  if (available <= 0) {
    return { status: "unhealthy", code: "Empty", message: "There is no money in the account.", facts, role }
  }
  if (available <= warning) {
    return { status: "degraded", code: "Low", message: "There is little money left in the account.", facts }
  }
  return { status: "healthy", code: "Ok", message: "There is money in the account.", facts }
}

const ofFailure = (error: BalanceError): Finding =>
  error._tag === "UnsupportedOperationError" || error.status === 404
    ? { status: "healthy", code: "NotOffered", message: "The host does not tell the balance." }
    : { ...ofError(error), status: "degraded" }

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): HealthCheck => ({
  name: "balance",
  account: options.account,
  role: "supporting",
  every: options.every,
  look: Effect.match(options.read, {
    onFailure: ofFailure,
    onSuccess: ({ available_balance }) => ofBalance(options, available_balance)
  })
})
