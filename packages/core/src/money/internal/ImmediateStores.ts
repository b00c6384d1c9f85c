/**
 * The stores whose operations end at once, because they wait for nothing outside
 * of this process. Their operations need no bound in time.
 *
 * @since 0.1.0
 */
import type * as BudgetStore from "../BudgetStore.ts"

type Store = BudgetStore.BudgetStore["Service"]

// Not a member of the store: a copy with other operations must not have it.
const immediate = new WeakSet<Store>()

/**
 * Marks a store, and returns it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const mark = (store: Store): Store => {
  immediate.add(store)
  return store
}

/**
 * Whether a store was marked.
 *
 * @category guards
 * @since 0.1.0
 */
export const has = (store: Store): boolean => immediate.has(store)
