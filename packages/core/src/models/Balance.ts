/**
 * The response of `GET /users/me/balance`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { optionalFromNullish } from "./internal/OptionalFromNullish.ts"

/**
 * The balance of the account: USD at the global host, CNY at the China host.
 * Calls are refused when the available amount is 0 or less.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Balance = Schema.Struct({
  /** Cash plus vouchers; the vouchers alone when cash is negative. */
  available_balance: Schema.Finite,
  voucher_balance: Schema.Finite,
  /** May be negative. */
  cash_balance: Schema.Finite
})

/**
 * @category models
 * @since 0.1.0
 */
export type Balance = typeof Balance.Type

/**
 * The envelope around the balance. Success is `code == 0`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BalanceResponse = Schema.Struct({
  code: Schema.Finite,
  data: Balance,
  scode: optionalFromNullish(Schema.String),
  status: optionalFromNullish(Schema.Boolean)
})
