/**
 * Events of a budget: a fraction of a cap was spent, or a call cost more than was
 * reserved for it.
 *
 * @since 0.1.0
 */
import type * as BigDecimal from "effect/BigDecimal"
import * as Amount from "./Amount.ts"
import type { Currency } from "./BudgetCaps.ts"
import type { SpentChange, Claim } from "./Ledger.ts"

interface ScopeEvent {
  /** The scope, such as `tenant:acme` or `day:2026-11-23`. */
  readonly scope: string
  readonly currency: Currency
  /** The maximum to be spent in it. */
  readonly cap: BigDecimal.BigDecimal
  /** Unix milliseconds. */
  readonly at: number
}

/**
 * A threshold of a cap was crossed. Published once, by the process that crossed
 * it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ThresholdCrossed extends ScopeEvent {
  readonly _tag: "ThresholdCrossed"
  /** The fraction of the cap, such as 0.8. */
  readonly threshold: number
  readonly spent: BigDecimal.BigDecimal
}

/**
 * A call cost more than the worst-case cost that was reserved, because the host
 * counted more tokens than the estimate. Only this can exceed a cap.
 *
 * @category models
 * @since 0.1.0
 */
export interface Overrun extends ScopeEvent {
  readonly _tag: "Overrun"
  readonly reserved: BigDecimal.BigDecimal
  readonly price: BigDecimal.BigDecimal
}

/**
 * @category models
 * @since 0.1.0
 */
export type BudgetEvent = ThresholdCrossed | Overrun

/**
 * The name and currency of a scope from its key in stores.
 *
 * @category getters
 * @since 0.1.0
 */
export const parseScopeKey = (key: string): { readonly scope: string; readonly currency: Currency } => ({
  currency: key.startsWith("CNY ") ? "CNY" : "USD",
  scope: key.slice(4)
})

/** Fractions of a cap are compared in millionths. */
const thresholdScale = 1_000_000n

/** The least amount that is at least a fraction of a cap. */
const limitOf = (cap: bigint, threshold: number): bigint =>
  (cap * BigInt(Math.round(threshold * Number(thresholdScale))) + thresholdScale - 1n) / thresholdScale

/** The limits of caps, which are the same in every call. */
type Limits = Map<bigint, ReadonlyArray<bigint>>

const knownLimits = new WeakMap<ReadonlyArray<number>, Limits>()

/** Caps of which limits are kept. */
const maxKnown = 1_000

const limitsOf = (cap: bigint, thresholds: ReadonlyArray<number>): ReadonlyArray<bigint> => {
  const known: Limits = knownLimits.get(thresholds) ?? new Map()
  const found = known.get(cap)
  if (found !== undefined) return found
  if (known.size >= maxKnown) known.clear()
  const limits = thresholds.map((threshold) => limitOf(cap, threshold))
  knownLimits.set(thresholds, known.set(cap, limits))
  return limits
}

/**
 * The thresholds that changes crossed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const thresholdCrossings = (
  changes: ReadonlyArray<SpentChange>,
  thresholds: ReadonlyArray<number>,
  at: number
): ReadonlyArray<ThresholdCrossed> => {
  const crossed: Array<ThresholdCrossed> = []
  for (const { cap, scope, spent, spentBefore } of changes) {
    const limits = limitsOf(cap, thresholds)
    for (const [index, threshold] of thresholds.entries()) {
      const limit = limits[index] as bigint
      if (spentBefore >= limit || spent < limit) continue
      const amounts = { cap: Amount.toDecimal(cap), spent: Amount.toDecimal(spent) }
      crossed.push({ _tag: "ThresholdCrossed", ...parseScopeKey(scope), ...amounts, threshold, at })
    }
  }
  return crossed
}

/**
 * An overrun in every scope of a reservation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const overruns = (
  claims: ReadonlyArray<Claim>,
  reserved: bigint,
  price: bigint,
  at: number
): ReadonlyArray<Overrun> =>
  claims.map(({ cap, scope }) => ({
    _tag: "Overrun",
    ...parseScopeKey(scope),
    cap: Amount.toDecimal(cap),
    reserved: Amount.toDecimal(reserved),
    price: Amount.toDecimal(price),
    at
  }))
