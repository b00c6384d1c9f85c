/**
 * A store on the ledger that keeps every law of the contract, or every law but one:
 * `broken` names the one.
 */
import type { BudgetStore, ReserveReply } from "@kimi-effect/core/BudgetStore"
import * as Amount from "@kimi-effect/core/internal/Amount"
import { type Hold, Ledger, type ScopeBalance, type SpentChange } from "@kimi-effect/core/internal/Ledger"
import { Clock, Effect } from "effect"

type Store = BudgetStore["Service"]

/** A change that did not happen. */
const invented: SpentChange = { scope: "USD total", cap: 100n, spentBefore: 0n, spent: 1n }

const isTotal = ({ claims: [claim, ...rest] }: Hold): boolean =>
  rest.length === 0 && claim?.scope === "USD total" && claim.cap === 100n

const isPeriodLaw = (law: string | undefined): boolean => law?.startsWith("counts every ") === true
const hasPeriod = ({ claims: [claim] }: Hold): boolean => /^USD (day|week|month):2/.test(claim?.scope ?? "")

export const make = (broken?: string): Effect.Effect<Store> =>
  Effect.map(Clock.Clock, (clock) => {
    const ledger = new Ledger(100_000)
    const reserved = new Map<string, Hold>()
    const refused = new Set<string>()
    const settled = new Set<string>()
    const breaks = (law: string) => law === broken
    const now = () => clock.currentTimeMillisUnsafe()

    /** Charges what has expired, and removes the scopes that have ended. */
    const settleExpired = () => {
      const changes = ledger.settleExpired(now())
      ledger.forget(now())
      return changes
    }

    /** The hold that is reserved in place of the given one. */
    const changeOf = (hold: Hold): Hold => {
      if (breaks("refuses a hold that exceeds the cap") && isTotal(hold) && hold.amount === 41n) {
        return { ...hold, amount: 40n }
      }
      if (breaks("counts large amounts exactly") && hold.id === "1" && hold.amount > 1_000n) {
        return { ...hold, amount: hold.amount - 1n }
      }
      if (isPeriodLaw(broken) && hasPeriod(hold) && hold.amount > 1_000n) {
        return { ...hold, claims: hold.claims.map((claim) => ({ ...claim, scope: "USD every period" })) }
      }
      const forgets =
        (hold.amount === 30n && breaks("corrects once what was charged for a correctable hold")) ||
        (hold.amount === 60n && breaks("does not reserve a correctable hold again that was charged"))
      if (hold.isCorrectable === true) return forgets ? { ...hold, isCorrectable: false } : hold
      const isRepeated = reserved.has(hold.id) && breaks("reserves a hold once when the reservation is repeated")
      return isRepeated ? { ...hold, id: `${hold.id} again`, amount: hold.amount / 2n } : hold
    }

    const isRefused = (hold: Hold): boolean =>
      (breaks("reserves an amount of zero at the cap") && isTotal(hold) && hold.amount === 0n) ||
      (breaks("counts calls of different zones in the period of the same date") && hold.id === "Berlin") ||
      (breaks("agrees with the ledger on random traces") && hold.claims.length === 0)

    const reserve = (hold: Hold, expiresAt: number): ReserveReply["result"] => {
      if (isRefused(hold)) return { _tag: "Refused", scope: "USD total", cap: 100n, spent: 0n, reserved: 100n }
      const result = ledger.reserve(changeOf(hold), expiresAt)
      if (result._tag === "Reserved") reserved.set(hold.id, hold)
      else refused.add(hold.id)
      const isPartial = breaks("reserves in all scopes or in none") && hold.claims[1]?.cap === 50n
      if (result._tag === "Refused" && isPartial) {
        ledger.reserve({ ...hold, id: "a part", claims: hold.claims.slice(0, 1) }, expiresAt)
      }
      return result
    }

    const isExpired = (id: string): boolean => {
      const hold = reserved.get(id)
      return hold !== undefined && isTotal(hold) && !settled.has(id)
    }

    const settle = (id: string, used: bigint): ReadonlyArray<SpentChange> => {
      const amount = reserved.get(id)?.amount ?? 0n
      const isCharged = breaks("charges what was used when a hold is settled") && used === 10n && amount === 60n
      const changes = ledger.settle(id, isCharged ? amount : used)
      if (changes.length > 0 && breaks("releases the rest of a hold when it is settled") && used === 30n) {
        const hold = reserved.get(id)
        if (hold !== undefined) ledger.reserve({ ...hold, id: "the rest", amount: amount - used }, Infinity)
      }
      if (changes.length > 0) {
        settled.add(id)
        return changes
      }
      const isInvented =
        (settled.has(id) && reserved.get(id)?.isCorrectable !== true && breaks("settles a hold only once")) ||
        (refused.has(id) && breaks("does not settle a hold that was refused")) ||
        (isExpired(id) && breaks("does not settle a hold whose lease has expired"))
      return isInvented ? [invented] : changes
    }

    const balances = (): ReadonlyArray<ScopeBalance> =>
      ledger
        .scopeBalances()
        .filter(({ reserved: held, scope }) => {
          if (breaks("removes only the scopes that have ended") && scope === "USD day:2") return false
          const isBusy = scope === "USD day:1" && held > 0n
          return !(isBusy && breaks("retains a scope that has ended while it has reservations"))
        })
        .map((balance) => {
          const isSaturated = balance.spent > Amount.saturationThreshold
          return isSaturated && breaks("saturates instead of overflowing")
            ? { ...balance, spent: balance.spent + 1n }
            : balance
        })

    return {
      name: "ledger",
      reserve: (hold, leaseMillis) =>
        Effect.sync(() => {
          const changes = settleExpired()
          const result = reserve(hold, now() + leaseMillis)
          return { result, changes: breaks("charges a hold in full when its lease has expired") ? [] : changes }
        }),
      settle: (id, used) => Effect.sync(() => settle(id, used)),
      renew: (ids, leaseMillis) =>
        Effect.sync(() => {
          if (!breaks("keeps a hold whose lease was renewed")) ledger.renew(ids, now() + leaseMillis)
          const changes = settleExpired()
          return breaks("charges expired leases when others are renewed") ? [] : changes
        }),
      scopeBalances: Effect.sync(() => {
        if (!breaks("charges expired leases when balances are read")) settleExpired()
        return balances()
      })
    }
  })
