/**
 * The stores whose operations end at once, because they wait for nothing outside
 * of this process. Their operations need no bound in time, and no effect.
 *
 * @since 0.1.0
 */
import type * as BudgetStore from "../BudgetStore.ts"
import type { Hold, SpentChange } from "./Ledger.ts"

type Store = BudgetStore.BudgetStore["Service"]

/**
 * Operations of a store that end at once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Operations {
  readonly reserve: (hold: Hold, leaseMillis: number) => BudgetStore.ReserveReply
  readonly settle: (id: string, used: bigint) => ReadonlyArray<SpentChange>
}

// Not a member of the store: a copy with other operations must not have it.
const immediate = new WeakMap<Store, Operations>()

/**
 * Marks a store, and returns it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const mark = (store: Store, operations: Operations): Store => {
  immediate.set(store, operations)
  return store
}

/**
 * The operations of a store that was marked.
 *
 * @category getters
 * @since 0.1.0
 */
export const operationsOf = (store: Store): Operations | undefined => immediate.get(store)
