import { assert, describe, it } from "@effect/vitest"
import * as BudgetScope from "../../../src/money/internal/BudgetScope.ts"

const date = "2026-11-26"
const today = { date, dayNumber: 20_783 }
const values = { today, tenant: "acme", job: "nightly", agent: "scout" }

describe("BudgetScope", () => {
  it("is named by its dimensions", () => {
    assert.deepStrictEqual(
      [[], ["day"], ["tenant"], BudgetScope.allDimensions].map((per) => BudgetScope.nameOf(per as [], values)),
      [
        "total",
        `day:${date}`,
        "tenant:acme",
        `month:2026-11/week:2026-W48/day:${date}/tenant:acme/job:nightly/agent:scout`
      ]
    )
  })

  it("has no name that reads like another's", () => {
    const tenants = ["a/job:b", "a%2Fjob:b"].map((tenant) => BudgetScope.nameOf(["tenant"], { ...values, tenant }))
    assert.deepStrictEqual(tenants, ["tenant:a%2Fjob:b", "tenant:a%252Fjob:b"])
  })

  it("has no date on its day", () => {
    const scopes = ["total", `day:${date}`, `day:${date}/tenant:acme`, "day:2026-11-25", `tenant:day:${date}`]
    assert.deepStrictEqual(
      scopes.map((scope) => BudgetScope.withoutDate(scope, today)),
      ["total", "day", "day/tenant:acme", undefined, `tenant:day:${date}`]
    )
  })

  it("is global without a subject", () => {
    const scopes = ["total", `day:${date}`, `day:${date}/tenant:acme`, "day:2026-11-25", "tenant:total"]
    assert.deepStrictEqual(
      scopes.filter((scope) => BudgetScope.isGlobal(scope, today)),
      ["total", `day:${date}`]
    )
  })

  const week = (date: string) => BudgetScope.periodOf("week", { date, dayNumber: Date.parse(date) / 86_400_000 })
  const end = (period: "week" | "month", date: string) =>
    new Date(BudgetScope.endOf(period, { date, dayNumber: Date.parse(date) / 86_400_000 }) * 86_400_000)
      .toISOString()
      .slice(0, 10)

  it("has weeks from Monday that belong to the year of their Thursday", () => {
    assert.deepStrictEqual(
      ["2026-11-22", "2026-11-23", "2026-12-31", "2027-01-03", "2027-01-04", "2024-12-30", "2021-01-03"].map(week),
      ["2026-W47", "2026-W48", "2026-W53", "2026-W53", "2027-W01", "2025-W01", "2020-W53"]
    )
  })

  it("ends weeks after Sunday", () => {
    assert.deepStrictEqual([end("week", "2026-11-23"), end("week", "2026-11-29")], ["2026-11-30", "2026-11-30"])
  })

  it("ends months after their last day", () => {
    assert.deepStrictEqual([end("month", "2028-02-29"), end("month", "2026-12-31")], ["2028-03-01", "2027-01-01"])
  })

  const scopes = ["week:2026-W48", "month:2026-11/tenant:a", "week:2026-W47", "month:2026-10", "month:2026-11"]

  it("has no date in the current week or month", () => {
    assert.deepStrictEqual(
      scopes.map((scope) => BudgetScope.withoutDate(scope, today)),
      ["week", "month/tenant:a", undefined, undefined, "month"]
    )
  })

  it("is global in the current week or month", () => {
    assert.deepStrictEqual(
      scopes.filter((scope) => BudgetScope.isGlobal(scope, today)),
      ["week:2026-W48", "month:2026-11"]
    )
  })

  it.each([
    ["day", "2026-11-26", 20_783, 20_784],
    ["week", "2026-11-26", 20_783, 20_787],
    ["month", "2026-11-26", 20_783, 20_788],
    ["month", "2026-12-31", 20_818, 20_819],
    ["month", "2026-01-01", 20_454, 20_485]
  ] as const)("ends the %s of %s", (period, on, dayNumber, end) => {
    assert.strictEqual(BudgetScope.endOf(period, { date: on, dayNumber }), end)
  })
})
