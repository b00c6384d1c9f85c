/**
 * The books of a budget: what is spent and what is reserved in each scope. It
 * knows no clock and waits for nothing.
 *
 * A price is reserved in several scopes at once, in all of them or in none. It
 * is settled once, for what was really used, or lapses when its lease is over
 * and then counts in full: nobody is left to say that it cost less.
 *
 * As long as nothing costs more than was reserved for it, spent and reserved
 * together never pass a cap.
 *
 * @since 0.1.0
 */
import * as Amount from "./Amount.ts"

/**
 * A scope in which a price is reserved.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claim {
  /** Currency and name, such as `USD day:2026-11-23`. */
  readonly scope: string
  readonly cap: bigint
  /** Unix milliseconds after which nobody asks for the scope any more; `undefined` when it stays. */
  readonly retainUntil: number | undefined
}

/**
 * A price to be reserved.
 *
 * @category models
 * @since 0.1.0
 */
export interface Hold {
  /** A name that no other hold has. */
  readonly id: string
  readonly amount: bigint
  readonly claims: ReadonlyArray<Claim>
}

/**
 * What is known of a scope.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScopeBalance {
  readonly scope: string
  /** The cap under which a price was last reserved. */
  readonly cap: bigint
  readonly spent: bigint
  readonly reserved: bigint
}

/**
 * A scope in which more is spent than before.
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
 * Whether a price is reserved, else the first scope in which there is no room,
 * or that the books have no room for another scope.
 *
 * @category models
 * @since 0.1.0
 */
export type ReserveResult =
  | { readonly _tag: "Reserved" }
  | ({ readonly _tag: "Refused" } & ScopeBalance)
  | { readonly _tag: "Full" }

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
}

/** How soon a scope that is over is looked at again while money is held in it. */
const pruneIntervalMillis = 1_000

/**
 * The books. Times are Unix milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export class Ledger {
  private readonly entries = new Map<string, ScopeEntry>()
  private readonly holds = new Map<string, ActiveHold>()
  /** No lease ends before it. */
  private nextExpiry = Number.POSITIVE_INFINITY
  private nextPrune = Number.POSITIVE_INFINITY
  private readonly maxScopes: number

  constructor(maxScopes: number) {
    this.maxScopes = maxScopes
  }

  /** Reserves a price in all of its scopes or in none. An id that is held already stays as it is. */
  reserve({ amount, claims, id }: Hold, expiresAt: number): ReserveResult {
    if (this.holds.has(id)) return { _tag: "Reserved" }
    for (const { cap, scope } of claims) {
      const { reserved, spent } = this.entries.get(scope) ?? { spent: 0n, reserved: 0n }
      if (spent + reserved + amount > cap) return { _tag: "Refused", scope, cap, spent, reserved }
    }
    let fresh = 0
    for (const { scope } of claims) if (!this.entries.has(scope)) fresh += 1
    if (this.entries.size + fresh > this.maxScopes) return { _tag: "Full" }
    const entries = claims.map((claim) => this.entryOf(claim))
    for (const entry of entries) entry.reserved += amount
    this.holds.set(id, { amount, entries, expiresAt })
    this.nextExpiry = Math.min(this.nextExpiry, expiresAt)
    return { _tag: "Reserved" }
  }

  /** Pays what was used and gives the rest back. Nothing happens when the id is not held any more. */
  settle(id: string, used: bigint): ReadonlyArray<SpentChange> {
    const held = this.holds.get(id)
    if (held === undefined) return []
    this.holds.delete(id)
    return held.entries.map((entry) => {
      const spentBefore = entry.spent
      entry.reserved -= held.amount
      entry.spent = Amount.saturatingAdd(spentBefore, used)
      return { scope: entry.scope, cap: entry.cap, spentBefore, spent: entry.spent }
    })
  }

  /** Lengthens leases of what is still held. */
  renew(ids: Iterable<string>, expiresAt: number): void {
    for (const id of ids) {
      const held = this.holds.get(id)
      if (held !== undefined) held.expiresAt = expiresAt
    }
  }

  /** Pays what was held longer than its lease at its full price, and forgets scopes that are over. */
  settleExpired(now: number): ReadonlyArray<SpentChange> {
    const changes: Array<SpentChange> = []
    if (now >= this.nextExpiry) {
      this.nextExpiry = Number.POSITIVE_INFINITY
      for (const [id, { amount, expiresAt }] of this.holds) {
        if (expiresAt <= now) changes.push(...this.settle(id, amount))
        else this.nextExpiry = Math.min(this.nextExpiry, expiresAt)
      }
    }
    if (now >= this.nextPrune) this.prune(now)
    return changes
  }

  /** Every scope that was used. */
  scopeBalances(): ReadonlyArray<ScopeBalance> {
    return [...this.entries.values()].map(({ cap, reserved, scope, spent }) => ({ scope, cap, spent, reserved }))
  }

  /** How many prices are held. */
  get holdCount(): number {
    return this.holds.size
  }

  private entryOf({ cap, retainUntil, scope }: Claim): ScopeEntry {
    const known = this.entries.get(scope)
    if (known !== undefined) {
      known.cap = cap
      return known
    }
    const entry: ScopeEntry = { scope, retainUntil, cap, spent: 0n, reserved: 0n }
    this.entries.set(scope, entry)
    if (retainUntil !== undefined) this.nextPrune = Math.min(this.nextPrune, retainUntil)
    return entry
  }

  private prune(now: number): void {
    this.nextPrune = Number.POSITIVE_INFINITY
    for (const [scope, { retainUntil, reserved }] of this.entries) {
      if (retainUntil === undefined) continue
      if (retainUntil <= now && reserved === 0n) this.entries.delete(scope)
      else this.nextPrune = Math.min(this.nextPrune, Math.max(retainUntil, now + pruneIntervalMillis))
    }
  }
}
