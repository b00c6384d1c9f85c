/**
 * A simple ledger: everything that ever happened is kept in a list, and
 * every sum is computed from it.
 */
import type { Claim, Hold, ScopeBalance } from "../../../src/money/internal/Ledger.ts"

interface Entry {
  readonly hold: Hold
  expiresAt: number
  /** What was paid; `undefined` while it is reserved. */
  paid: bigint | undefined
}

export const makeReference = () => {
  const all: Array<Entry> = []

  const sum = (scope: string, amountOf: (entry: Entry) => bigint): bigint => {
    let total = 0n
    for (const entry of all) {
      for (const claim of entry.hold.claims) if (claim.scope === scope) total += amountOf(entry)
    }
    return total
  }
  const spent = (scope: string) => sum(scope, ({ paid }) => paid ?? 0n)
  const reserved = (scope: string) => sum(scope, ({ hold, paid }) => (paid === undefined ? hold.amount : 0n))
  const isOver = ({ cap, scope }: Claim, amount: bigint) => spent(scope) + reserved(scope) + amount > cap

  return {
    /** The scope without capacity, or `undefined`. */
    reserve: (hold: Hold, expiresAt: number): string | undefined => {
      const full = hold.claims.find((claim) => isOver(claim, hold.amount))
      if (full === undefined) all.push({ hold, expiresAt, paid: undefined })
      return full?.scope
    },
    settle: (id: string, used: bigint): void => {
      for (const entry of all) if (entry.hold.id === id && entry.paid === undefined) entry.paid = used
    },
    renew: (id: string, expiresAt: number): void => {
      for (const entry of all) if (entry.hold.id === id && entry.paid === undefined) entry.expiresAt = expiresAt
    },
    lapse: (now: number): void => {
      for (const entry of all) {
        if (entry.paid === undefined && entry.expiresAt <= now) entry.paid = entry.hold.amount
      }
    },
    line: (scope: string): Omit<ScopeBalance, "cap"> => ({ scope, spent: spent(scope), reserved: reserved(scope) }),
    held: () => all.filter(({ paid }) => paid === undefined).length
  }
}
