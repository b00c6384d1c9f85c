/** Amounts of money in texts for people. `Cost.format` is exact. */

/** Digits of an amount that is too small for the usual decimals. */
const significantDigits = 3

/**
 * An amount with so many decimals, such as `0.0123`. One of which they would leave
 * less than two digits has three: `0.0000177` is not nothing.
 */
export const roundedAmount = (amount: number, decimals: number): string => {
  if (amount === 0 || Math.abs(amount) >= 10 ** (1 - decimals)) return amount.toFixed(decimals)
  const exponent = Math.floor(Math.log10(Math.abs(amount)))
  // Numbers have no more than a hundred decimals.
  const text = amount.toFixed(Math.min(100, significantDigits - 1 - exponent))
  return text.replace(/0+$/, "").padEnd(amount.toFixed(decimals).length, "0")
}
