/** The store under test, and claims and holds for it. */
import type { BudgetStore } from "@kimi-effect/core/BudgetStore"
import type { Claim, Hold, ScopeBalance } from "@kimi-effect/core/internal/Ledger"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export type Store = BudgetStore["Service"]

export interface Subject {
  /** Registers a test of an empty store. */
  readonly test: (name: string, test: (store: Store) => Effect.Effect<void, unknown, Scope.Scope>) => void
  /** Waits until short leases have expired, so that the next operation charges them. */
  readonly expire: (store: Store) => Effect.Effect<void, unknown>
  /** Advances the clock of the store. */
  readonly sleep: (millis: number) => Effect.Effect<void>
}

export const claim = (scope: string, cap: bigint, retainUntil?: number): Claim => ({
  scope: `USD ${scope}`,
  cap,
  retainUntil
})

export const hold = (id: string, amount: bigint, ...claims: ReadonlyArray<Claim>): Hold => ({ id, amount, claims })

/** A lease that expires within the test, in milliseconds. */
export const shortLease = 400
/** A lease that does not expire within the test, in milliseconds. */
export const longLease = 600_000

/** Balances ordered by scope. */
export const sorted = (balances: ReadonlyArray<ScopeBalance>): ReadonlyArray<ScopeBalance> =>
  balances.toSorted((a, b) => (a.scope < b.scope ? -1 : 1))

export const balancesOf = (store: Store) => Effect.map(store.scopeBalances, sorted)
