import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Duration } from "effect"
import * as BudgetOptions from "../../../src/money/internal/BudgetOptions.ts"
import * as KimiConfig from "../../../src/KimiConfig.ts"

const caps = [{ amount: "1", currency: "USD" }] as const

/** Options from an untyped program. */
const issuesOf = (options: object) => BudgetOptions.issuesOf({ caps, ...options })

const wait = 'a finite duration, such as "30 seconds", or off'
const rate = '"upper bound", or an object with tokensPerSecond over zero'
const zone = "an IANA time zone, such as Europe/Berlin"
const fractions = "a list of numbers over 0 and up to 1"

const invalid: ReadonlyArray<readonly [options: object, name: string, expected: string]> = [
  [{ maxWait: "soon" }, "maxWait", wait],
  [{ maxWait: -1 }, "maxWait", wait],
  [{ maxWait: Number.POSITIVE_INFINITY }, "maxWait", wait],
  [{ defaultOutputTokens: 0 }, "defaultOutputTokens", "a finite whole number over zero"],
  [{ lostAttempts: "lower bound" }, "lostAttempts", rate],
  [{ lostAttempts: null }, "lostAttempts", rate],
  [{ lostAttempts: {} }, "lostAttempts", rate],
  [{ lostAttempts: { tokensPerSecond: "9" } }, "lostAttempts", rate],
  [{ lostAttempts: { tokensPerSecond: 0 } }, "lostAttempts", rate],
  [{ lostAttempts: { tokensPerSecond: Number.POSITIVE_INFINITY } }, "lostAttempts", rate],
  [{ timeZone: "Mars/Olympus" }, "timeZone", zone],
  [{ timeZone: 5 }, "timeZone", zone],
  [{ thresholds: 0.5 }, "thresholds", fractions],
  [{ thresholds: [0.5, 0] }, "thresholds", fractions],
  [{ thresholds: [0.5, 1.1] }, "thresholds", fractions],
  [{ onUnknownPrice: "ask" }, "onUnknownPrice", "one of refuse, allow"],
  [{ onStoreError: "ask" }, "onStoreError", "one of refuse, allow"],
  [{ balance: null }, "balance", "an object; {} is enough"],
  [{ balance: true }, "balance", "an object; {} is enough"],
  [{ balance: { account: 5 } }, "balance.account", "the name of an account"],
  [{ balance: { read: 5 } }, "balance.read", "an effect that returns a balance"],
  [{ balance: { currency: "EUR" } }, "balance.currency", "one of USD, CNY"],
  [{ balance: { onError: "ask" } }, "balance.onError", "one of allow, refuse"]
]

const valid: ReadonlyArray<object> = [
  {},
  { maxWait: "off" },
  { maxWait: 0 },
  { maxWait: "1 minute" },
  { defaultOutputTokens: 1 },
  { lostAttempts: "upper bound" },
  { lostAttempts: { tokensPerSecond: 0.1 } },
  { timeZone: "Europe/Berlin" },
  { thresholds: [] },
  { thresholds: [0.1, 1] },
  { onUnknownPrice: "refuse", onStoreError: "refuse" },
  { onUnknownPrice: "allow", onStoreError: "allow" },
  { balance: {} },
  { balance: { account: "main", currency: "CNY", onError: "allow" } },
  { balance: { onError: "refuse" } }
]

describe("options of a budget", () => {
  it.each(invalid)("rejects %j with the name %s", (options, name, expected) => {
    assert.deepStrictEqual(issuesOf(options), [{ name: `Budget ${name}`, expected }])
  })

  it.each(valid)("accepts %j", (options) => {
    assert.deepStrictEqual(issuesOf(options), [])
  })

  it("describes every cap by its amount, its currency, its scope", () => {
    const described = BudgetOptions.describe({
      caps: [
        { amount: "100.50", currency: "USD" },
        { amount: "9", currency: "CNY", per: ["day", "tenant"] },
        { amount: "1", currency: "USD", per: ["month"], only: { job: "import", agent: "x" } }
      ]
    })
    assert.deepStrictEqual(described, {
      caps: "100.50 USD in total; 9 CNY per day/tenant; 1 USD per month/job:import/agent:x",
      "unknown price": "refuse",
      "store error": "refuse"
    })
  })

  it("describes a cap whose amount is a decimal", () => {
    const decimal = [{ amount: BigDecimal.fromStringUnsafe("9.50"), currency: "USD" }] as const
    assert.deepStrictEqual(issuesOf({ caps: decimal }), [])
    assert.strictEqual(BudgetOptions.describe({ caps: decimal })["caps"], "9.5 USD in total")
  })

  it.each([5, "acme", null])("rejects %j as the names of a cap", (only) => {
    assert.deepStrictEqual(issuesOf({ caps: [{ ...caps[0], only }] }), [
      { name: "Budget caps[0].only", expected: "names by tenant, job, agent" }
    ])
  })

  it("describes the policies that are not the default", () => {
    assert.deepInclude(BudgetOptions.describe({ caps, onUnknownPrice: "allow", onStoreError: "allow", balance: {} }), {
      "unknown price": "allow",
      "store error": "allow",
      balance: "checked"
    })
  })

  it("waits for half a minute by default", () => {
    assert.deepStrictEqual(BudgetOptions.waitOf({ caps }), Duration.seconds(30))
  })

  it("does not wait when waiting is off", () => {
    assert.deepStrictEqual(BudgetOptions.waitOf({ caps, maxWait: "off" }), Duration.zero)
  })

  it("are read from a configuration", () => {
    const config = {
      ...KimiConfig.defaults,
      budget: caps,
      budgetThresholds: [0.9],
      budgetDefaultOutputTokens: 100,
      budgetCheckBalance: true
    } as unknown as KimiConfig.Values
    assert.deepStrictEqual(BudgetOptions.optionsFromConfig(config), {
      caps,
      thresholds: [0.9],
      onUnknownPrice: config.budgetOnUnknownPrice,
      onStoreError: config.budgetOnStoreError,
      timeout: config.budgetTimeout,
      lease: config.budgetLease,
      maxWait: config.budgetMaxWait,
      defaultOutputTokens: 100,
      lostAttempts: config.budgetLostAttempts,
      timeZone: config.budgetTimeZone,
      balance: {}
    })
  })

  it("leave the balance unchecked unless the configuration asks for it", () => {
    const config = { ...KimiConfig.defaults, budget: caps } as unknown as KimiConfig.Values
    assert.isUndefined(BudgetOptions.optionsFromConfig(config).balance)
  })
})
