/**
 * Checks the caps that apply to every call: in total and per day, week or month. Exhausted caps
 * of a tenant, a job or an agent affect only these; they are counted and not
 * named.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import type { BudgetStoreError } from "../../../errors/MoneyErrors.ts"
import type { LocalDate } from "../../../internal/Day.ts"
import type { Budget, ScopeState } from "../../../money/Budget.ts"
import * as BudgetScope from "../../../money/internal/BudgetScope.ts"
import { type CheckResult, type HealthCheck, fromError } from "./HealthCheck.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly budget: Pick<Budget["Service"], "onStoreError" | "state" | "today">
  /** The budget is degraded when this fraction of a cap is spent, 0 to 1. */
  readonly warning: number
}

/** The fraction of a cap that is spent. */
const spentFraction = ({ cap, spent }: ScopeState): number =>
  BigDecimal.isZero(cap) ? 1 : BigDecimal.toNumberUnsafe(spent) / BigDecimal.toNumberUnsafe(cap)

const isExhausted = ({ cap, spent }: ScopeState): boolean => BigDecimal.isGreaterThanOrEqualTo(spent, cap)

const fromScopes = (scopes: ReadonlyArray<ScopeState>, today: LocalDate, warning: number): CheckResult => {
  const globalScopes = scopes.filter(({ scope }) => BudgetScope.isGlobal(scope, today))
  const currencies = new Set(globalScopes.map(({ currency }) => currency))
  const exhausted = new Set(globalScopes.filter(isExhausted).map(({ currency }) => currency))
  const fraction = Math.max(0, ...globalScopes.map(spentFraction))
  const details = {
    spentFraction: Math.round(fraction * 1_000) / 1_000,
    scopes: scopes.length,
    exhausted: scopes.filter(isExhausted).length
  }
  if (exhausted.size > 0 && exhausted.size === currencies.size) {
    return {
      status: "unhealthy",
      code: "Exhausted",
      message: "The budget is exhausted; calls are refused.",
      details
    }
  }
  if (exhausted.size > 0) {
    return { status: "degraded", code: "Exhausted", message: "The budget of one currency is exhausted.", details }
  }
  if (fraction >= warning) {
    return { status: "degraded", code: "Low", message: "The budget is nearly exhausted.", details }
  }
  return { status: "healthy", code: "Ok", message: "The budget is within its caps.", details }
}

/** The failed store with its reason, which contains no credentials: the path of a file, or an error code. */
const withReason = (error: BudgetStoreError): CheckResult => {
  const result = fromError(error)
  return { ...result, details: { ...result.details, failure: error.message } }
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ budget: { onStoreError, state, today }, warning }: Options): HealthCheck => ({
  name: "budget",
  role: "required",
  check: Effect.matchEffect(state, {
    // Without its store the budget allows calls without counting them, or refuses them.
    onFailure: (error) =>
      onStoreError === "allow"
        ? Effect.succeed<CheckResult>({ ...withReason(error), status: "degraded" })
        : Effect.fail(error),
    onSuccess: (scopes) => Effect.map(today, (date) => fromScopes(scopes, date, warning))
  })
})
