/**
 * The money of a swarm, as a pure state machine. Every agent has a reservation,
 * and every call of the model holds its worst case until its cost is known: first
 * of the reservation of its agent, and beyond that of what is free. A part is kept
 * for the conclusion.
 */
import * as BigDecimal from "effect/BigDecimal"

type Amount = BigDecimal.BigDecimal

export interface Ledger {
  readonly cap: Amount
  /** Kept for the conclusion. */
  readonly kept: Amount
  readonly spent: Amount
  readonly held: Amount
  /** What agents have left of their reservations, by their ids. */
  readonly left: ReadonlyMap<string, Amount>
  /** The sum of what they have left. */
  readonly reserved: Amount
}

/** What a call holds. */
export interface Hold {
  readonly agent: string
  readonly amount: Amount
  /** The part of it that is from the reservation of the agent. */
  readonly own: Amount
}

export const zero = BigDecimal.fromBigInt(0n)

const difference = (one: Amount, other: Amount): Amount => BigDecimal.max(zero, BigDecimal.subtract(one, other))

export const make = (cap: Amount, kept: Amount): Ledger => ({
  cap,
  kept,
  spent: zero,
  held: zero,
  left: new Map(),
  reserved: zero
})

/** What is not spent and not kept. Some of it may be held and reserved. */
export const unspent = ({ cap, kept, spent }: Ledger): Amount => difference(BigDecimal.subtract(cap, kept), spent)

/** What every agent may use. */
export const free = (ledger: Ledger): Amount =>
  difference(unspent(ledger), BigDecimal.sum(ledger.held, ledger.reserved))

const withLeft = (ledger: Ledger, agent: string, amount: Amount): Ledger => ({
  ...ledger,
  left: new Map(ledger.left).set(agent, amount),
  reserved: BigDecimal.sum(BigDecimal.subtract(ledger.reserved, ledger.left.get(agent) ?? zero), amount)
})

/** Reserves an amount for an agent, or what is free if that is less. */
export const reserve = (ledger: Ledger, agent: string, amount: Amount): Ledger =>
  withLeft(ledger, agent, BigDecimal.min(amount, free(ledger)))

/** Returns what an agent has left to all. */
export const release = (ledger: Ledger, agent: string): Ledger => {
  const amount = ledger.left.get(agent)
  if (amount === undefined) return ledger
  const left = new Map(ledger.left)
  left.delete(agent)
  return { ...ledger, left, reserved: BigDecimal.subtract(ledger.reserved, amount) }
}

/** What a call of an agent needs beyond its reservation. */
export const beyond = ({ left }: Ledger, agent: string, amount: Amount): Amount =>
  difference(amount, left.get(agent) ?? zero)

/** Whether a call may be made. What was spent without a hold can be of a reservation, and the cap holds nevertheless. */
export const fits = (ledger: Ledger, agent: string, amount: Amount): boolean =>
  BigDecimal.isLessThanOrEqualTo(beyond(ledger, agent, amount), free(ledger)) &&
  BigDecimal.isLessThanOrEqualTo(BigDecimal.sum(ledger.held, amount), unspent(ledger))

export const hold = (ledger: Ledger, agent: string, amount: Amount): readonly [Ledger, Hold] => {
  const before = ledger.left.get(agent)
  const own = BigDecimal.min(amount, before ?? zero)
  const taken = before === undefined ? ledger : withLeft(ledger, agent, BigDecimal.subtract(before, own))
  return [
    { ...taken, held: BigDecimal.sum(taken.held, amount) },
    { agent, amount, own }
  ]
}

/** A call has cost `cost` of what it held. Its agent pays from its reservation first, and keeps the rest of that. */
export const settle = (ledger: Ledger, { agent, amount, own }: Hold, cost: Amount): Ledger => {
  const settled = {
    ...ledger,
    held: BigDecimal.subtract(ledger.held, amount),
    spent: BigDecimal.sum(ledger.spent, cost)
  }
  const before = settled.left.get(agent)
  return before === undefined ? settled : withLeft(settled, agent, BigDecimal.sum(before, difference(own, cost)))
}

/** An agent has spent an amount elsewhere, without a hold. */
export const spend = (ledger: Ledger, agent: string, cost: Amount): Ledger => {
  const before = ledger.left.get(agent)
  const paid = before === undefined ? ledger : withLeft(ledger, agent, difference(before, cost))
  return { ...paid, spent: BigDecimal.sum(paid.spent, cost) }
}

/** Makes all that was kept and reserved available. */
export const conclude = (ledger: Ledger): Ledger => ({ ...ledger, kept: zero, left: new Map(), reserved: zero })
