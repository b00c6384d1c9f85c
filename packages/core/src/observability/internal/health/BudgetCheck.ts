/**
 * Looks at what is left under the caps that hold for every call: in total, and
 * of today. Caps of a tenant, a job or an agent that are used up stop those
 * alone; they are counted and not named.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Budget, ScopeState } from "../../../money/Budget.ts"
import * as BudgetScope from "../../../money/internal/BudgetScope.ts"
import { type CheckResult, type HealthCheck, fromError } from "./HealthCheck.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly budget: Pick<Budget["Service"], "onStoreError" | "state">
  /** Part of a cap from which on it is degraded, 0 to 1. */
  readonly warning: number
}

/** The part of a cap that is spent. */
const spentFraction = ({ cap, spent }: ScopeState): number =>
  BigDecimal.isZero(cap) ? 1 : BigDecimal.toNumberUnsafe(spent) / BigDecimal.toNumberUnsafe(cap)

const isExhausted = ({ cap, spent }: ScopeState): boolean => BigDecimal.isGreaterThanOrEqualTo(spent, cap)

const fromScopes = (scopes: ReadonlyArray<ScopeState>, today: string, warning: number): CheckResult => {
  const general = scopes.filter(({ scope }) => BudgetScope.isGlobal(scope, today))
  const currencies = new Set(general.map(({ currency }) => currency))
  const spent = new Set(general.filter(isExhausted).map(({ currency }) => currency))
  const part = Math.max(0, ...general.map(spentFraction))
  const details = {
    spentPart: Math.round(part * 1_000) / 1_000,
    scopes: scopes.length,
    usedUp: scopes.filter(isExhausted).length
  }
  if (spent.size > 0 && spent.size === currencies.size) {
    return {
      status: "unhealthy",
      code: "UsedUp",
      message: "The budget is used up: no call is paid for.",
      details: details
    }
  }
  if (spent.size > 0) {
    return { status: "degraded", code: "UsedUp", message: "The budget of one currency is used up.", details: details }
  }
  if (part >= warning) {
    return { status: "degraded", code: "Low", message: "There is little left of the budget.", details: details }
  }
  return { status: "healthy", code: "Ok", message: "There is money in the budget.", details: details }
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ budget: { onStoreError, state }, warning }: Options): HealthCheck => ({
  name: "budget",
  role: "required",
  check: Effect.matchEffect(state, {
    // Calls that are allowed meanwhile are not counted; calls that are refused are lost.
    onFailure: (error) =>
      onStoreError === "allow"
        ? Effect.succeed<CheckResult>({ ...fromError(error), status: "degraded" })
        : Effect.fail(error),
    onSuccess: (scopes) =>
      Effect.map(DateTime.now, (now) => fromScopes(scopes, DateTime.formatIsoDateUtc(now), warning))
  })
})
