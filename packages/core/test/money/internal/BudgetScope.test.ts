import { assert, describe, it } from "@effect/vitest"
import * as BudgetScope from "../../../src/money/internal/BudgetScope.ts"

const date = "2026-11-26"
const values = { day: date, tenant: "acme", job: "nightly", agent: "scout" }

describe("BudgetScope", () => {
  it("is named by its dimensions", () => {
    assert.deepStrictEqual(
      [[], ["day"], ["tenant"], BudgetScope.allDimensions].map((per) => BudgetScope.nameOf(per as [], values)),
      ["total", `day:${date}`, "tenant:acme", `day:${date}/tenant:acme/job:nightly/agent:scout`]
    )
  })

  it("has no name that reads like another's", () => {
    const tenants = ["a/job:b", "a%2Fjob:b"].map((tenant) => BudgetScope.nameOf(["tenant"], { ...values, tenant }))
    assert.deepStrictEqual(tenants, ["tenant:a%2Fjob:b", "tenant:a%252Fjob:b"])
  })

  it("has no date on its day", () => {
    const scopes = ["total", `day:${date}`, `day:${date}/tenant:acme`, "day:2026-11-25", `tenant:day:${date}`]
    assert.deepStrictEqual(
      scopes.map((scope) => BudgetScope.withoutDate(scope, date)),
      ["total", "day", "day/tenant:acme", undefined, `tenant:day:${date}`]
    )
  })

  it("is global for the total and the day", () => {
    const scopes = ["total", `day:${date}`, `day:${date}/tenant:acme`, "day:2026-11-25", "tenant:total"]
    assert.deepStrictEqual(
      scopes.filter((scope) => BudgetScope.isGlobal(scope, date)),
      ["total", `day:${date}`]
    )
  })
})
