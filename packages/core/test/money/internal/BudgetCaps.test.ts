import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as Day from "../../../src/internal/Day.ts"
import * as BudgetCaps from "../../../src/money/internal/BudgetCaps.ts"

const tags = { tenant: "", job: "", agent: "" }

/** The claim of a call at this time. */
const claimAt = (period: "day" | "week" | "month", timeZone: string, unixMillis: number) => {
  const claimsOf = BudgetCaps.compile([{ per: [period], amount: "1", currency: "USD" }])
  const claims = claimsOf(tags, "USD", Day.calendarOf(DateTime.zoneMakeNamedUnsafe(timeZone))(unixMillis))
  return claims._tag === "Claims" && claims.claims[0] !== undefined ? claims.claims[0] : assert.fail(claims._tag)
}

describe("BudgetCaps.compile", () => {
  // The first and the last zone to begin a day.
  for (const timeZone of ["Pacific/Kiritimati", "Etc/GMT+12"]) {
    for (const period of ["day", "week", "month"] as const) {
      it(`retains the spent amount of every ${period} for a day after its end in ${timeZone}`, () => {
        for (let at = Date.parse("2027-12-25T00:00:00Z"); at < Date.parse("2028-03-03T00:00:00Z"); at += 3_600_000) {
          const { retainUntil = 0, scope } = claimAt(period, timeZone, at)
          assert.notStrictEqual(claimAt(period, timeZone, retainUntil - 86_400_000).scope, scope)
        }
      })
    }
  }

  const capOf = (caps: ReadonlyArray<BudgetCaps.Cap>, tenant: string, currency: BudgetCaps.Currency = "USD") => {
    const claims = BudgetCaps.compile(caps)({ ...tags, tenant }, currency, { date: "2026-11-23", dayNumber: 20_780 })
    return claims._tag === "Claims" ? claims.claims.map(({ cap }) => Number(cap / 10n ** 12n)) : claims
  }
  const cap = (amount: string, only?: BudgetCaps.Tags["tenant"], agent?: string): BudgetCaps.Cap => ({
    amount,
    currency: "USD",
    per: ["tenant"],
    only: { ...(only !== undefined && { tenant: only }), ...(agent !== undefined && { agent }) }
  })

  it("prefers the cap that names the tenant, in any order", () => {
    const caps = [cap("5"), cap("9", "acme")]
    for (const ordered of [caps, caps.toReversed()]) {
      assert.deepStrictEqual([capOf(ordered, "acme"), capOf(ordered, "other")], [[9], [5]])
    }
  })

  it("takes the lowest of caps that name as much, in any order", () => {
    const both = { amount: "9", currency: "USD", per: ["tenant", "agent"], only: { tenant: "acme" } } as const
    const caps: ReadonlyArray<BudgetCaps.Cap> = [both, { ...both, amount: "5", only: { agent: "" } }]
    for (const ordered of [caps, caps.toReversed()]) assert.deepStrictEqual(capOf(ordered, "acme"), [5])
  })

  it("has no claims if no cap matches", () => {
    assert.deepStrictEqual(capOf([cap("5", "acme")], "other"), [])
  })

  it("names the scope without a cap in the currency of a call", () => {
    assert.deepStrictEqual(capOf([cap("5")], "acme", "CNY"), { _tag: "CurrencyMismatch", scope: "tenant:acme" })
  })

  it("keeps the scopes of names without a period", () => {
    const claims = BudgetCaps.compile([cap("5")])(tags, "USD", { date: "2026-11-23", dayNumber: 20_780 })
    assert.deepStrictEqual(claims, {
      _tag: "Claims",
      claims: [{ scope: "USD tenant:", cap: 5n * 10n ** 12n, retainUntil: undefined }]
    })
  })

  const perName = BudgetCaps.compile([{ per: ["tenant", "job", "agent"], amount: "1", currency: "USD" }])
  const scopeOf = (names: BudgetCaps.Tags): string | undefined => {
    const claims = perName(names, "USD", { date: "2026-11-23", dayNumber: 20_780 })
    return claims._tag === "Claims" ? claims.claims[0]?.scope : undefined
  }

  // One after the other, since the scopes of earlier calls are kept.
  for (const [tenant, job, agent] of [
    ["ab", "c", ""],
    ["a", "bc", ""],
    ["a", "b", "c"],
    ["1,a", "", ""],
    ["a", "", "1,"]
  ] as const) {
    it(`separates the tenant "${tenant}", the job "${job}", the agent "${agent}" from others`, () => {
      assert.strictEqual(scopeOf({ tenant, job, agent }), `USD tenant:${tenant}/job:${job}/agent:${agent}`)
    })
  }

  it("gives the scopes of more names than it keeps", () => {
    for (let i = 0; i < 2_000; i++) {
      assert.strictEqual(scopeOf({ tenant: `${i}`, job: "", agent: "" }), `USD tenant:${i}/job:/agent:`)
    }
  })
})
