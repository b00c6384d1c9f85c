import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { type BudgetCap, form } from "../../../src/internal/config/BudgetCapsForm.ts"

const read = (found: unknown) => Result.getOrThrow(form.fromSource(found))

const problemsOf = (found: unknown) => Result.getOrThrow(Result.flip(form.fromSource(found)))

describe("caps as text", () => {
  it("are in total, by day, tenant, job, agent", () => {
    assert.deepStrictEqual(read("1000 USD; 10 CNY in total; 5 USD per job; 1 USD per tenant/agent"), [
      { amount: "1000", currency: "USD" },
      { amount: "10", currency: "CNY" },
      { amount: "5", currency: "USD", per: ["job"] },
      { amount: "1", currency: "USD", per: ["tenant", "agent"] }
    ])
  })

  it("are for one name where it follows a colon", () => {
    assert.deepStrictEqual(read("500 USD per tenant:acme:eu"), [
      { amount: "500", currency: "USD", only: { tenant: "acme:eu" } }
    ])
  })

  it("may have any white space around the separators", () => {
    assert.deepStrictEqual(read(" 1 USD   per day ;\n"), [{ amount: "1", currency: "USD", per: ["day"] }])
  })

  it("are none where the text is off", () => {
    assert.deepStrictEqual(read("off"), [])
  })

  it("report what is wrong with each, by its number", () => {
    const found = problemsOf(
      "much USD; 1 EUR; 1 USD daily; 1 USD per hour; 1 USD per day:monday; 1 USD per day; 2 USD per day;;"
    )
    assert.deepStrictEqual(
      found.map(({ at, expected }) => [at, expected.split(",")[0]]),
      [
        [" (cap 1)", "an amount from 0 to 1000000 with digits and a decimal point"],
        [" (cap 2)", "a currency after the amount"],
        [" (cap 3)", "in total"],
        [" (cap 4)", "in total"],
        [" (cap 5)", "in total"],
        [" (cap 7)", "another scope than that of an earlier cap"],
        [" (cap 8)", "an amount from 0 to 1000000 with digits and a decimal point"]
      ]
    )
  })

  it("are written as they are read", () => {
    const text = "100 USD per day; 10 USD per day/tenant; 500 USD per tenant:acme; 7 CNY"
    assert.strictEqual(form.format(read(text)), text)
  })
})

describe("caps as a list", () => {
  it("are taken as they are", () => {
    const caps: ReadonlyArray<BudgetCap> = [{ amount: "1", currency: "USD", per: ["day"], only: { tenant: "a/b; c" } }]
    assert.deepStrictEqual(read(caps), caps)
  })

  it("report what is wrong with each member", () => {
    const problems = problemsOf([
      { amount: 1, currency: "EUR", per: ["hour"], only: { day: "x" }, cap: "1" },
      "1 USD",
      { amount: "1000001", currency: "USD" },
      { amount: "1", currency: "USD" },
      { amount: "2", currency: "USD" }
    ])
    assert.deepStrictEqual(
      problems.map(({ at }) => at),
      ["[0].amount", "[0].currency", "[0].per", "[0].only", "[0].cap", "[1]", "[2].amount", "[4]"]
    )
  })

  it("are no single cap", () => {
    assert.deepStrictEqual(
      problemsOf({ amount: "1", currency: "USD" }).map(({ at }) => at),
      [""]
    )
  })
})
