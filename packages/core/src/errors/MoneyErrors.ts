/**
 * Refusals of the budget; nothing was sent.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The highest possible price of the call exceeds what is left under a cap.
 *
 * @category errors
 * @since 0.1.0
 */
export class BudgetExceededError extends TaggedKimiError<BudgetExceededError>()("BudgetExceededError", {
  /** The scope of the cap, such as `tenant:acme` or `day:2026-11-23`. */
  scope: Schema.String,
  currency: Schema.Literals(["USD", "CNY"]),
  /** The highest amount that may be spent in the scope. */
  cap: Schema.BigDecimal,
  /** The amount already spent. */
  spent: Schema.BigDecimal,
  /** The amount reserved for running calls. */
  reserved: Schema.BigDecimal,
  /** The highest possible price of this call. */
  requested: Schema.BigDecimal
}) {}

/**
 * The price of the model at this host is unknown, or in another currency than
 * the caps, so a cap cannot be enforced.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownPriceError extends TaggedKimiError<UnknownPriceError>()("UnknownPriceError", {
  /** What to change, when the price is known and in another currency. */
  fix: Schema.optionalKey(Schema.String)
}) {}

/**
 * The store of the budget failed, so the remaining amount is unknown.
 *
 * @category errors
 * @since 0.1.0
 */
export class BudgetStoreError extends TaggedKimiError<BudgetStoreError>()("BudgetStoreError", {
  /** The store, such as `sqlite`. */
  store: Schema.String,
  /** The operation that failed. */
  operation: Schema.String
}) {}
