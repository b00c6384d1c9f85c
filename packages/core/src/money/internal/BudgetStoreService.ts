/** The service of `BudgetStore`, which is loaded without its stores. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { BudgetStoreError } from "../../errors/MoneyErrors.ts"
import type { ReserveReply } from "../BudgetStore.ts"
import type { Hold, ScopeBalance, SpentChange } from "./Ledger.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

/**
 * @category services
 * @since 0.1.0
 */
export class BudgetStore extends Context.Service<
  BudgetStore,
  {
    /** The kind of store, for errors: `memory`, `sqlite`, `redis`. */
    readonly name: string
    /** Reserves an amount in all of its scopes or in none, for the time of a lease. Repeating it with the same hold has no effect. */
    readonly reserve: (hold: Hold, leaseMillis: number) => Effect.Effect<ReserveReply, BudgetStoreError>
    /**
     * Charges what was used and releases the rest. Of a hold that has expired, it
     * corrects what was charged if the hold is correctable, and else does nothing, as
     * of one that was settled.
     */
    readonly settle: (id: string, used: bigint) => Effect.Effect<ReadonlyArray<SpentChange>, BudgetStoreError>
    /** Extends the leases of reservations, and charges expired ones in full. */
    readonly renew: (
      ids: ReadonlyArray<string>,
      leaseMillis: number
    ) => Effect.Effect<ReadonlyArray<SpentChange>, BudgetStoreError>
    /** The balance of every scope in use, after expired reservations were charged. */
    readonly scopeBalances: Effect.Effect<ReadonlyArray<ScopeBalance>, BudgetStoreError>
  }
>()("@kimi-effect/core/money/BudgetStore") {}
