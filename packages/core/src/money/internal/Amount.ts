/**
 * Money as integers, so that stores can add and compare it without rounding: an
 * amount is a number of 10^-12 dollars or yuan.
 *
 * Costs are exact for prices per million tokens with up to six decimals, and up
 * to five with the discount of a batch. Other costs are rounded up.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"

/**
 * The number of decimals of an amount.
 *
 * @category constants
 * @since 0.1.0
 */
export const decimals = 12

/** Those by which costs are scaled. */
const powersOfTen = Array.from({ length: decimals + 1 }, (_, exponent) => 10n ** BigInt(exponent))

/**
 * The largest cap and the largest cost: a million dollars or yuan.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxAmount: bigint = 10n ** 18n

/**
 * The spent amount above which a scope is not counted further: seven million,
 * far above every cap. It keeps the sum of a scope below 2^63, so that SQLite and
 * Redis, whose integers have 64 bits, are exact: seven million, one payment, and
 * the largest cap in reservations.
 *
 * @category constants
 * @since 0.1.0
 */
export const saturationThreshold: bigint = 7n * maxAmount

/**
 * The spent amount after a payment.
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
export const fromDecimal = ({ scale, value }: Pick<BigDecimal.BigDecimal, "scale" | "value">): bigint => {
  if (scale <= decimals) return value * (powersOfTen[decimals - scale] ?? 10n ** BigInt(decimals - scale))
  const unit = 10n ** BigInt(scale - decimals)
  return (value + unit - 1n) / unit
}

/**
 * @category conversions
 * @since 0.1.0
 */
export const toDecimal = (amount: bigint): BigDecimal.BigDecimal =>
  BigDecimal.normalize(BigDecimal.make(amount, decimals))

/** Those that are exact as numbers. */
const exactPowersOfTen = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

/**
 * A decimal as the nearest number, as `BigDecimal.toNumberUnsafe` gives it, which
 * writes and reads a text. The quotient of two exact numbers is the nearest one.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toNumber = (decimal: BigDecimal.BigDecimal): number => {
  const value = Number(decimal.value)
  const power = exactPowersOfTen[decimal.scale]
  return Number.isSafeInteger(value) && power !== undefined ? value / power : BigDecimal.toNumberUnsafe(decimal)
}

/**
 * What is spent when an amount that was charged turns out to have been another
 * one. A sum that is saturated does not contain the charge, and stays.
 *
 * @category combinators
 * @since 0.1.0
 */
export const corrected = (spent: bigint, charged: bigint, used: bigint): bigint =>
  spent > saturationThreshold || spent < charged ? spent : spent - charged + used
