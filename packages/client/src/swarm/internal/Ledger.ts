/**
 * The money of a swarm, as a pure state machine. Every call of the model holds its
 * worst case until its cost is known. A part is kept for the conclusion.
 */
import * as BigDecimal from "effect/BigDecimal"

export interface Ledger {
  readonly cap: BigDecimal.BigDecimal
  /** Kept for the conclusion. */
  readonly kept: BigDecimal.BigDecimal
  readonly spent: BigDecimal.BigDecimal
  readonly held: BigDecimal.BigDecimal
}

export const zero = BigDecimal.fromBigInt(0n)

export const make = (cap: BigDecimal.BigDecimal, kept: BigDecimal.BigDecimal): Ledger => ({
  cap,
  kept,
  spent: zero,
  held: zero
})

/**
 * Whether a call may be made: `wait` if it fits once running calls have cost less
 * than they hold, `no` if it cannot fit any more.
 */
export const fits = ({ cap, held, kept, spent }: Ledger, amount: BigDecimal.BigDecimal): "yes" | "wait" | "no" => {
  const free = BigDecimal.subtract(BigDecimal.subtract(cap, kept), spent)
  if (BigDecimal.isGreaterThan(amount, free)) return "no"
  return BigDecimal.isGreaterThan(BigDecimal.sum(amount, held), free) ? "wait" : "yes"
}

export const hold = (ledger: Ledger, amount: BigDecimal.BigDecimal): Ledger => ({
  ...ledger,
  held: BigDecimal.sum(ledger.held, amount)
})

/** A call has cost `cost` of the amount that it held. */
export const settle = (ledger: Ledger, amount: BigDecimal.BigDecimal, cost: BigDecimal.BigDecimal): Ledger => ({
  ...ledger,
  held: BigDecimal.subtract(ledger.held, amount),
  spent: BigDecimal.sum(ledger.spent, cost)
})

/** Makes what was kept available. */
export const conclude = (ledger: Ledger): Ledger => ({ ...ledger, kept: zero })
