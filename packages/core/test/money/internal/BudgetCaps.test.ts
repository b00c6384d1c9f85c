import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, DateTime } from "effect"
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

  it("retains the spent amount of a day for two days after its end", () => {
    const { retainUntil } = claimAt("day", "UTC", Date.UTC(2026, 10, 23, 12))
    assert.strictEqual(retainUntil, Date.UTC(2026, 10, 26))
  })

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
    assert.deepStrictEqual(capOf([cap("5")], "acme", "CNY"), {
      _tag: "CurrencyMismatch",
      scope: "tenant:acme",
      currencies: ["USD"]
    })
  })

  it("keeps the scopes of names without a period", () => {
    const claims = BudgetCaps.compile([cap("5")])(tags, "USD", { date: "2026-11-23", dayNumber: 20_780 })
    assert.deepStrictEqual(claims, {
      _tag: "Claims",
      claims: [{ scope: "USD tenant:", cap: 5n * 10n ** 12n, retainUntil: undefined }]
    })
  })

  it("distinguishes currencies of the same names", () => {
    const claimsOf = BudgetCaps.compile([{ amount: "1", currency: "USD" }])
    const kindOf = (currency: BudgetCaps.Currency) =>
      claimsOf(tags, currency, { date: "2026-11-23", dayNumber: 20_780 })._tag
    assert.deepStrictEqual([kindOf("USD"), kindOf("CNY"), kindOf("USD")], ["Claims", "CurrencyMismatch", "Claims"])
  })

  it("distinguishes days of the same names", () => {
    const claimsOf = BudgetCaps.compile([{ per: ["day"], amount: "1", currency: "USD" }])
    const scopesOn = (date: string, dayNumber: number) => {
      const claims = claimsOf(tags, "USD", { date, dayNumber })
      return claims._tag === "Claims" ? claims.claims.map(({ scope }) => scope) : []
    }
    assert.deepStrictEqual(scopesOn("2026-11-23", 20_780), ["USD day:2026-11-23"])
    assert.deepStrictEqual(scopesOn("2026-11-24", 20_781), ["USD day:2026-11-24"])
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

describe("BudgetCaps.issuesOf", () => {
  const valid = { amount: "1", currency: "USD" } as const
  const amountIssue = { name: "Budget caps[0].amount", expected: 'a decimal from 0 to 1000000 as text, such as "50"' }

  it("accepts amounts from zero to a million", () => {
    for (const amount of ["0", "1000000", "0.000001", BigDecimal.make(5n, 1), BigDecimal.make(1n, 1_000)]) {
      assert.deepStrictEqual(BudgetCaps.issuesOf([{ ...valid, amount }]), [])
    }
  })

  it("names what an amount must be", () => {
    const amounts = ["-0.1", "1000000.1", "", "one", BigDecimal.make(1n, 1_001), BigDecimal.make(0n, -1_001)]
    for (const amount of amounts) assert.deepStrictEqual(BudgetCaps.issuesOf([{ ...valid, amount }]), [amountIssue])
  })

  it("names what the other members must be", () => {
    const perIssue = { name: "Budget caps[0].per", expected: "a list of month, week, day, tenant, job, agent" }
    const onlyIssue = { name: "Budget caps[0].only", expected: "names by tenant, job, agent" }
    const rows: ReadonlyArray<readonly [unknown, ReturnType<typeof BudgetCaps.issuesOf>[number]]> = [
      [null, { name: "Budget caps[0]", expected: "an object with an amount and a currency" }],
      ["50", { name: "Budget caps[0]", expected: "an object with an amount and a currency" }],
      [
        { ...valid, currency: "EUR" },
        { name: "Budget caps[0].currency", expected: "USD or CNY" }
      ],
      [{ ...valid, per: "day" }, perIssue],
      [{ ...valid, per: ["day", "year"] }, perIssue],
      [
        { ...valid, per: ["day", "month"] },
        { name: "Budget caps[0].per", expected: "only one of month, week, day" }
      ],
      [{ ...valid, only: null }, onlyIssue],
      [{ ...valid, only: "acme" }, onlyIssue],
      [{ ...valid, only: { user: "a" } }, onlyIssue],
      [{ ...valid, only: { tenant: 5 } }, onlyIssue]
    ]
    for (const [cap, issue] of rows) assert.deepStrictEqual(BudgetCaps.issuesOf([cap as BudgetCaps.Cap]), [issue])
  })

  it("accepts a name that is not given", () => {
    assert.deepStrictEqual(BudgetCaps.issuesOf([{ ...valid, only: { tenant: undefined, job: "a" } } as never]), [])
  })

  it("refuses caps that are no list", () => {
    assert.deepStrictEqual(BudgetCaps.issuesOf(valid as never), [{ name: "Budget caps", expected: "a list of caps" }])
  })

  it("refuses a second cap of the same scope", () => {
    const issue = { name: "Budget caps[1]", expected: "another scope than an earlier cap's" }
    assert.deepStrictEqual(BudgetCaps.issuesOf([valid, { ...valid, amount: "2" }]), [issue])
    assert.deepStrictEqual(BudgetCaps.issuesOf([valid, { ...valid, amount: "?" }]).slice(1), [issue])
    assert.deepStrictEqual(BudgetCaps.issuesOf([valid, { ...valid, only: { tenant: "a" } }]), [])
    assert.deepStrictEqual(BudgetCaps.issuesOf([{ ...valid, currency: "EUR" } as never, valid]).length, 1)
  })
})

describe("BudgetCaps.compileIsCapped", () => {
  const named = { amount: "1", currency: "USD", only: { tenant: "acme", job: "reports" } } as const

  it("is true of all names that a cap names", () => {
    const isCapped = BudgetCaps.compileIsCapped([named])
    const cases = [
      { ...tags, tenant: "acme", job: "reports" },
      { ...tags, tenant: "acme", job: "reports", agent: "a" },
      { ...tags, tenant: "acme" },
      tags
    ]
    assert.deepStrictEqual(cases.map(isCapped), [true, true, false, false])
  })

  it("is true of any names if a cap names none", () => {
    assert.isTrue(BudgetCaps.compileIsCapped([named, { per: ["tenant"], amount: "1", currency: "USD" }])(tags))
  })

  it("is false without a cap", () => {
    assert.isFalse(BudgetCaps.compileIsCapped([])(tags))
  })
})
