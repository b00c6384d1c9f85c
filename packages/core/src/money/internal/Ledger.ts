/**
 * The ledger of a budget: what is spent and reserved in each scope. It is
 * synchronous and has no clock.
 *
 * An amount is reserved in several scopes at once, in all of them or in none. It
 * is settled once for what was used, or expires with its lease and then counts
 * in full, since the actual cost is not known. An amount that may be settled after
 * that, such as of a batch that is collected late, is then corrected once.
 *
 * As long as no call costs more than was reserved for it, the sum of spent and
 * reserved never exceeds a cap.
 *
 * @since 0.1.0
 */
import * as Amount from "./Amount.ts"

/**
 * A scope in which an amount is reserved.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claim {
  /** Currency and name, such as `USD day:2026-11-23`. */
  readonly scope: string
  readonly cap: bigint
  /** Unix milliseconds after which the scope is deleted; `undefined` to keep it. */
  readonly retainUntil: number | undefined
}

/**
 * An amount to be reserved.
 *
 * @category models
 * @since 0.1.0
 */
export interface Hold {
  /** Unique among all holds. */
  readonly id: string
  readonly amount: bigint
  readonly claims: ReadonlyArray<Claim>
  /** Whether it can be settled after its lease has ended, which corrects what was charged then. */
  readonly isCorrectable?: boolean
}

/**
 * The balance of a scope.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScopeBalance {
  readonly scope: string
  /** The cap of the latest reservation. */
  readonly cap: bigint
  readonly spent: bigint
  readonly reserved: bigint
}

/**
 * A change of the spent amount of a scope.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpentChange {
  readonly scope: string
  readonly cap: bigint
  readonly spentBefore: bigint
  readonly spent: bigint
}

/**
 * Whether an amount was reserved, the first scope without capacity, or that the
 * ledger has no capacity for another scope.
 *
 * @category models
 * @since 0.1.0
 */
export type ReserveResult =
  | { readonly _tag: "Reserved" }
  | ({ readonly _tag: "Refused" } & ScopeBalance)
  | { readonly _tag: "ScopeLimitReached" }

interface ScopeEntry {
  readonly scope: string
  readonly retainUntil: number | undefined
  cap: bigint
  spent: bigint
  reserved: bigint
}

interface ActiveHold {
  readonly amount: bigint
  readonly entries: ReadonlyArray<ScopeEntry>
  expiresAt: number
  readonly isCorrectable: boolean
}

/** Work that is collected after its lease is rare; the oldest is forgotten, and stays charged in full. */
const maxCharged = 10_000

/** A scope without reservations. */
const unused = { spent: 0n, reserved: 0n }

/** The interval between two checks of an expired scope with reservations. */
const pruneIntervalMillis = 1_000

/**
 * A ledger in memory. Leases and the calendar may have different clocks.
 *
 * @category models
 * @since 0.1.0
 */
export class Ledger {
  readonly #entries = new Map<string, ScopeEntry>()
  readonly #holds = new Map<string, ActiveHold>()
  /** Reservations that were charged in full and can be corrected, oldest first. */
  readonly #charged = new Map<string, ActiveHold>()
  /** No lease expires earlier. */
  #nextExpiry = Number.POSITIVE_INFINITY
  #nextPrune = Number.POSITIVE_INFINITY
  readonly #maxScopes: number

  constructor(maxScopes: number) {
    this.#maxScopes = maxScopes
  }

  /** Reserves an amount in all of its scopes or in none. An id that is already reserved stays unchanged. */
  reserve({ amount, claims, id, isCorrectable = false }: Hold, expiresAt: number): ReserveResult {
    // What was charged in full is counted already.
    if (this.#holds.has(id) || this.#charged.has(id)) return { _tag: "Reserved" }
    let created = 0
    for (const { cap, scope } of claims) {
      const entry = this.#entries.get(scope)
      if (entry === undefined) created += 1
      const { reserved, spent } = entry ?? unused
      if (spent + reserved + amount > cap) return { _tag: "Refused", scope, cap, spent, reserved }
    }
    if (this.#entries.size + created > this.#maxScopes) return { _tag: "ScopeLimitReached" }
    const entries: Array<ScopeEntry> = []
    for (const claim of claims) {
      const entry = this.#getEntry(claim)
      entry.reserved += amount
      entries.push(entry)
    }
    this.#holds.set(id, { amount, entries, expiresAt, isCorrectable })
    this.#nextExpiry = Math.min(this.#nextExpiry, expiresAt)
    return { _tag: "Reserved" }
  }

  /** Charges what was used and releases the rest, or corrects what was charged. Does nothing if neither is left. */
  settle(id: string, used: bigint): ReadonlyArray<SpentChange> {
    const hold = this.#holds.get(id)
    if (hold === undefined) return this.#correct(id, used)
    this.#holds.delete(id)
    const changes: Array<SpentChange> = []
    for (const entry of hold.entries) {
      const spentBefore = entry.spent
      entry.reserved -= hold.amount
      entry.spent = Amount.saturatingAdd(spentBefore, used)
      changes.push({ scope: entry.scope, cap: entry.cap, spentBefore, spent: entry.spent })
    }
    return changes
  }

  /** Extends the leases of what is still reserved. */
  renew(ids: Iterable<string>, expiresAt: number): void {
    for (const id of ids) {
      const hold = this.#holds.get(id)
      if (hold !== undefined) hold.expiresAt = expiresAt
    }
  }

  /** Charges expired reservations in full. */
  settleExpired(now: number): ReadonlyArray<SpentChange> {
    const changes: Array<SpentChange> = []
    if (now >= this.#nextExpiry) {
      this.#nextExpiry = Number.POSITIVE_INFINITY
      for (const [id, hold] of this.#holds) {
        const { amount, expiresAt, isCorrectable } = hold
        if (expiresAt <= now) {
          changes.push(...this.settle(id, amount))
          if (isCorrectable) this.#keepCharged(id, hold)
        } else this.#nextExpiry = Math.min(this.#nextExpiry, expiresAt)
      }
    }
    return changes
  }

  /** Deletes scopes without reservations that have ended. */
  forget(unixMillis: number): void {
    if (unixMillis >= this.#nextPrune) this.#prune(unixMillis)
  }

  /** The balance of every scope in use. */
  scopeBalances(): ReadonlyArray<ScopeBalance> {
    return [...this.#entries.values()].map(({ cap, reserved, scope, spent }) => ({ scope, cap, spent, reserved }))
  }

  /** The number of reservations. */
  get holdCount(): number {
    return this.#holds.size
  }

  #keepCharged(id: string, hold: ActiveHold): void {
    this.#charged.set(id, hold)
    const [oldest] = this.#charged.keys()
    if (this.#charged.size > maxCharged && oldest !== undefined) this.#charged.delete(oldest)
  }

  #correct(id: string, used: bigint): ReadonlyArray<SpentChange> {
    const charged = this.#charged.get(id)
    if (charged === undefined) return []
    this.#charged.delete(id)
    return charged.entries.flatMap((entry) => {
      // A scope that has ended is not counted any more.
      if (this.#entries.get(entry.scope) !== entry) return []
      const spentBefore = entry.spent
      entry.spent = Amount.corrected(spentBefore, charged.amount, used)
      return [{ scope: entry.scope, cap: entry.cap, spentBefore, spent: entry.spent }]
    })
  }

  #getEntry({ cap, retainUntil, scope }: Claim): ScopeEntry {
    const existing = this.#entries.get(scope)
    if (existing !== undefined) {
      existing.cap = cap
      return existing
    }
    const entry: ScopeEntry = { scope, retainUntil, cap, spent: 0n, reserved: 0n }
    this.#entries.set(scope, entry)
    if (retainUntil !== undefined) this.#nextPrune = Math.min(this.#nextPrune, retainUntil)
    return entry
  }

  #prune(now: number): void {
    this.#nextPrune = Number.POSITIVE_INFINITY
    for (const [scope, { retainUntil, reserved }] of this.#entries) {
      if (retainUntil === undefined) continue
      if (retainUntil <= now && reserved === 0n) this.#entries.delete(scope)
      else this.#nextPrune = Math.min(this.#nextPrune, Math.max(retainUntil, now + pruneIntervalMillis))
    }
  }
}
