/**
 * Why a call was not paid for; nothing was sent.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { TaggedKimiError } from "./TaggedKimiError.ts"

/**
 * The worst price of the call does not fit under a cap any more.
 *
 * @category errors
 * @since 0.1.0
 */
export class BudgetExceededError extends TaggedKimiError<BudgetExceededError>()("BudgetExceededError", {
  /** The scope whose cap was met, such as `tenant:acme` or `day:2026-11-23`. */
  scope: Schema.String,
  currency: Schema.Literals(["USD", "CNY"]),
  /** The most that may be spent in the scope. */
  cap: Schema.BigDecimal,
  /** What is spent already. */
  spent: Schema.BigDecimal,
  /** What is reserved for calls that run. */
  reserved: Schema.BigDecimal,
  /** The worst price of this call. */
  requested: Schema.BigDecimal
}) {}

/**
 * The price of the model at this host is not known, so a cap cannot be kept.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownPriceError extends TaggedKimiError<UnknownPriceError>()("UnknownPriceError", {}) {}

/**
 * The store of the budget failed, so nobody knows what is left of it.
 *
 * @category errors
 * @since 0.1.0
 */
export class BudgetStoreError extends TaggedKimiError<BudgetStoreError>()("BudgetStoreError", {
  /** The store, such as `sqlite`. */
  store: Schema.String,
  /** What was asked of it. */
  operation: Schema.String
}) {}
