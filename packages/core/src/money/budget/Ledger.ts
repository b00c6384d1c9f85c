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
  readonly forgetAt: number | undefined
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
export interface Line {
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
export interface Change {
  readonly scope: string
  readonly cap: bigint
  readonly before: bigint
  readonly spent: bigint
}

/**
 * Whether a price is reserved, else the first scope in which there is no room,
 * or that the books have no room for another scope.
 *
 * @category models
 * @since 0.1.0
 */
export type Verdict = { readonly _tag: "Reserved" } | ({ readonly _tag: "Refused" } & Line) | { readonly _tag: "Full" }

interface Entry {
  readonly scope: string
  readonly forgetAt: number | undefined
  cap: bigint
  spent: bigint
  reserved: bigint
}

interface Held {
  readonly amount: bigint
  readonly entries: ReadonlyArray<Entry>
  expiresAt: number
}

/** How soon a scope that is over is looked at again while money is held in it. */
const forgetMillis = 1_000

/**
 * The books. Times are Unix milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export class Ledger {
  private readonly entries = new Map<string, Entry>()
  private readonly holds = new Map<string, Held>()
  /** No lease ends before it. */
  private nextLapse = Number.POSITIVE_INFINITY
  private nextForgetting = Number.POSITIVE_INFINITY
  private readonly maxScopes: number

  constructor(maxScopes: number) {
    this.maxScopes = maxScopes
  }

  /** Reserves a price in all of its scopes or in none. An id that is held already stays as it is. */
  reserve({ amount, claims, id }: Hold, expiresAt: number): Verdict {
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
    this.nextLapse = Math.min(this.nextLapse, expiresAt)
    return { _tag: "Reserved" }
  }

  /** Pays what was used and gives the rest back. Nothing happens when the id is not held any more. */
  settle(id: string, used: bigint): ReadonlyArray<Change> {
    const held = this.holds.get(id)
    if (held === undefined) return []
    this.holds.delete(id)
    return held.entries.map((entry) => {
      const before = entry.spent
      entry.reserved -= held.amount
      entry.spent = Amount.pay(before, used)
      return { scope: entry.scope, cap: entry.cap, before, spent: entry.spent }
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
  lapse(now: number): ReadonlyArray<Change> {
    const changes: Array<Change> = []
    if (now >= this.nextLapse) {
      this.nextLapse = Number.POSITIVE_INFINITY
      for (const [id, { amount, expiresAt }] of this.holds) {
        if (expiresAt <= now) changes.push(...this.settle(id, amount))
        else this.nextLapse = Math.min(this.nextLapse, expiresAt)
      }
    }
    if (now >= this.nextForgetting) this.forget(now)
    return changes
  }

  /** Every scope that was used. */
  lines(): ReadonlyArray<Line> {
    return [...this.entries.values()].map(({ cap, reserved, scope, spent }) => ({ scope, cap, spent, reserved }))
  }

  /** How many prices are held. */
  get held(): number {
    return this.holds.size
  }

  private entryOf({ cap, forgetAt, scope }: Claim): Entry {
    const known = this.entries.get(scope)
    if (known !== undefined) {
      known.cap = cap
      return known
    }
    const entry: Entry = { scope, forgetAt, cap, spent: 0n, reserved: 0n }
    this.entries.set(scope, entry)
    if (forgetAt !== undefined) this.nextForgetting = Math.min(this.nextForgetting, forgetAt)
    return entry
  }

  private forget(now: number): void {
    this.nextForgetting = Number.POSITIVE_INFINITY
    for (const [scope, { forgetAt, reserved }] of this.entries) {
      if (forgetAt === undefined) continue
      if (forgetAt <= now && reserved === 0n) this.entries.delete(scope)
      else this.nextForgetting = Math.min(this.nextForgetting, Math.max(forgetAt, now + forgetMillis))
    }
  }
}
