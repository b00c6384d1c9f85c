/**
 * The error of every store of a budget.
 *
 * @since 0.1.0
 */
import { BudgetStoreError } from "../../errors/MoneyErrors.ts"

/**
 * The error of a store. `reason` must contain no amount and no name of a tenant.
 *
 * @category errors
 * @since 0.1.0
 */
export const storeError = (store: string, operation: string, reason: string): BudgetStoreError =>
  new BudgetStoreError({ message: `The budget's ${store} store failed to ${operation}: ${reason}`, store, operation })
