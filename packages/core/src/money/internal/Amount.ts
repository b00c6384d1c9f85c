/**
 * Money as whole numbers, so that stores can add and compare it without
 * rounding: an amount is so many millionths of a millionth of a dollar or yuan.
 *
 * Prices per million tokens with up to six decimals come out even, also with
 * the discount of a batch on up to five. What does not is rounded up.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"

/**
 * Decimals of an amount.
 *
 * @category constants
 * @since 0.1.0
 */
export const decimals = 12

/**
 * The largest cap and the largest price: a million dollars or yuan.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxAmount: bigint = 10n ** 18n

/**
 * Over this much what is spent is not counted any further: seven million. No
 * cap comes near it. With it, what a scope has spent and reserved stays below
 * 2^63, so that SQLite and Redis, whose whole numbers have 64 bits, are exact:
 * seven million and one payment, and a largest cap of reservations.
 *
 * @category constants
 * @since 0.1.0
 */
export const saturationThreshold: bigint = 7n * maxAmount

/**
 * What is spent after a payment of `largest` at most.
 *
 * @category combinators
 * @since 0.1.0
 */
export const saturatingAdd = (spent: bigint, used: bigint): bigint =>
  spent > saturationThreshold ? spent : spent + used

/**
 * @category conversions
 * @since 0.1.0
 */
export const fromDecimal = ({ scale, value }: BigDecimal.BigDecimal): bigint => {
  if (scale <= decimals) return value * 10n ** BigInt(decimals - scale)
  const unit = 10n ** BigInt(scale - decimals)
  return (value + unit - 1n) / unit
}

/**
 * @category conversions
 * @since 0.1.0
 */
export const toDecimal = (amount: bigint): BigDecimal.BigDecimal =>
  BigDecimal.normalize(BigDecimal.make(amount, decimals))
