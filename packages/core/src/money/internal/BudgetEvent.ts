/**
 * What a budget tells those who listen: that a part of a cap is spent, and
 * that a call cost more than was reserved for it.
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
  /** The most that may be spent in it. */
  readonly cap: BigDecimal.BigDecimal
  /** Unix milliseconds. */
  readonly at: number
}

/**
 * A part of a cap is spent. Told once, by whichever process crossed it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ThresholdCrossed extends ScopeEvent {
  readonly _tag: "ThresholdCrossed"
  /** The part, such as 0.8. */
  readonly threshold: number
  readonly spent: BigDecimal.BigDecimal
}

/**
 * A call cost more than the worst price that was reserved, because the host
 * counted more tokens than any estimate. This is the only way in which a cap
 * can be passed.
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
 * The name and currency of a scope as stores know it.
 *
 * @category getters
 * @since 0.1.0
 */
export const parseScopeKey = (key: string): { readonly scope: string; readonly currency: Currency } => ({
  currency: key.startsWith("CNY ") ? "CNY" : "USD",
  scope: key.slice(4)
})

/** Parts of a cap are compared in millionths. */
const thresholdScale = 1_000_000

/**
 * The thresholds that changes went over.
 *
 * @category constructors
 * @since 0.1.0
 */
export const thresholdCrossings = (
  changes: ReadonlyArray<SpentChange>,
  thresholds: ReadonlyArray<number>,
  at: number
): ReadonlyArray<ThresholdCrossed> =>
  changes.flatMap(({ spentBefore, cap, scope, spent }) =>
    thresholds.flatMap((threshold): ReadonlyArray<ThresholdCrossed> => {
      const limit = cap * BigInt(Math.round(threshold * thresholdScale))
      const isCrossed = spentBefore * BigInt(thresholdScale) < limit && spent * BigInt(thresholdScale) >= limit
      if (!isCrossed) return []
      const [inCap, inSpent] = [Amount.toDecimal(cap), Amount.toDecimal(spent)]
      return [{ _tag: "ThresholdCrossed", ...parseScopeKey(scope), cap: inCap, spent: inSpent, threshold, at }]
    })
  )

/**
 * An overrun in every scope that it was reserved in.
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
