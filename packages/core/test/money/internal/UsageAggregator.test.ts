import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Option } from "effect"
import type { AttemptUsage } from "../../../src/money/Accounting.ts"
import * as Cost from "../../../src/money/Cost.ts"
import { UsageAggregator } from "../../../src/money/internal/UsageAggregator.ts"
import * as PriceTable from "../../../src/money/PriceTable.ts"

const day = 20_666

const usage = (members: Partial<Cost.BillableUsage> = {}): Cost.BillableUsage => ({
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0,
  ...members
})

const attempt = (members: Partial<AttemptUsage> = {}): AttemptUsage => ({
  account: "main",
  provider: "moonshot",
  model: "kimi-k3",
  outcome: "succeeded",
  usage: usage(),
  isEstimate: false,
  ...members
})

const toolCall = (dollars: string, tool = "search", currency: "USD" | "CNY" = "USD") =>
  attempt({
    model: "",
    tool,
    usage: usage({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }),
    charge: { currency, total: BigDecimal.fromStringUnsafe(dollars) }
  })

const entriesOf = (attempts: ReadonlyArray<AttemptUsage>, maxEntries = 10) => {
  const aggregator = new UsageAggregator(maxEntries)
  for (const one of attempts) aggregator.record(one, day, PriceTable.catalog)
  return aggregator.entries(PriceTable.catalog)
}

const usageOf = (...attempts: ReadonlyArray<Cost.BillableUsage>) =>
  entriesOf(attempts.map((one) => attempt({ usage: one })))[0]?.usage

const costsOf = (entries: ReturnType<typeof entriesOf>) =>
  entries.map(({ cost }) => Option.getOrUndefined(Option.map(cost, Cost.format)))

describe("UsageAggregator", () => {
  it("adds up every kind of token", () => {
    const one = usage({ cached_tokens: 40, cache_write_tokens: 10, oneHourCacheWrites: 4, reasoning_tokens: 5 })
    assert.deepStrictEqual(usageOf(one, one), {
      prompt_tokens: 200,
      completion_tokens: 40,
      total_tokens: 240,
      cached_tokens: 80,
      cache_write_tokens: 20,
      oneHourCacheWrites: 8,
      reasoning_tokens: 10
    })
  })

  it("counts no token of the prompt as both read from a cache or written to it", () => {
    assert.deepInclude(usageOf(usage({ cached_tokens: 70, cache_write_tokens: 50, oneHourCacheWrites: 50 })), {
      cached_tokens: 70,
      cache_write_tokens: 30,
      oneHourCacheWrites: 30
    })
  })

  it("counts no more cached tokens than the prompt has", () => {
    assert.deepInclude(usageOf(usage({ cached_tokens: 170, cache_write_tokens: 50 })), {
      cached_tokens: 100,
      cache_write_tokens: 0
    })
  })

  it("keeps the names of 16 tools of an entry", () => {
    const names = Array.from({ length: 20 }, (_, index) => `tool${index}`)
    const called = usageOf(usage({ toolCalls: new Map([...names, "tool0"].map((name) => [name, 2])) }))
    assert.deepStrictEqual(
      [...(called?.toolCalls ?? [])],
      [...names.slice(0, 16).map((name) => [name, 2] as const), ["$other", 8] as const]
    )
  })

  it("has no calls of tools without any", () => {
    assert.notProperty(usageOf(usage()), "toolCalls")
  })

  it("returns entries that later attempts do not change", () => {
    const aggregator = new UsageAggregator(1)
    const record = (one: AttemptUsage) => aggregator.record(one, day, PriceTable.catalog)
    record(attempt({ usage: usage({ toolCalls: new Map([["a", 1]]) }) }))
    const [before] = aggregator.entries(PriceTable.catalog)
    record(attempt({ usage: usage({ toolCalls: new Map([["a", 1]]) }) }))
    assert.deepStrictEqual([before?.usage.prompt_tokens, [...(before?.usage.toolCalls ?? [])]], [100, [["a", 1]]])
    record(attempt({ account: "other" }))
    const [folded] = aggregator.entries(PriceTable.catalog)
    record(attempt({ account: "main" }))
    assert.strictEqual(folded?.usage.prompt_tokens, 200)
  })

  it("has the date of the day", () => {
    assert.strictEqual(entriesOf([attempt()])[0]?.day, "2026-08-01")
  })

  it.each<Partial<AttemptUsage>>([
    { account: "other" },
    { provider: "moonshot-cn" },
    { model: "kimi-k2" },
    { outcome: "failed" },
    { isEstimate: true },
    { isBatch: true },
    { tool: "search" },
    { tags: { tenant: "t", job: "", agent: "" } },
    { tags: { tenant: "", job: "j", agent: "" } },
    { tags: { tenant: "", job: "", agent: "a" } }
  ])("has separate entries for attempts that differ in %o", (members) => {
    const entries = entriesOf([attempt(), attempt(members), attempt(), attempt(members), attempt(members)])
    assert.deepStrictEqual(
      entries.map(({ attempts }) => attempts),
      [2, 3]
    )
  })

  it("has separate entries for each day", () => {
    const aggregator = new UsageAggregator(10)
    for (const days of [0, 0, 1, 0]) aggregator.record(attempt(), day + days, PriceTable.catalog)
    assert.deepStrictEqual(
      aggregator.entries(PriceTable.catalog).map(({ attempts }) => attempts),
      [3, 1]
    )
  })

  it("begins again with an entry that was merged", () => {
    const aggregator = new UsageAggregator(1)
    const record = (model: string) => aggregator.record(attempt({ model }), day, PriceTable.catalog)
    for (const model of ["kimi-k3", "kimi-k2", "kimi-k2", "kimi-k3"]) record(model)
    assert.deepStrictEqual(
      aggregator.entries(PriceTable.catalog).map(({ attempts, model }) => [model, attempts]),
      [
        ["", 1],
        ["", 2],
        ["kimi-k3", 1]
      ]
    )
  })

  it("is full when the next entry is merged with others", () => {
    const aggregator = new UsageAggregator(2)
    aggregator.record(attempt(), day, PriceTable.catalog)
    assert.isFalse(aggregator.isFull)
    aggregator.record(attempt({ model: "kimi-k2" }), day, PriceTable.catalog)
    assert.isTrue(aggregator.isFull)
  })

  it("adds up the charges of a tool", () => {
    const entries = entriesOf([toolCall("0.5"), toolCall("0.25")])
    assert.deepStrictEqual([costsOf(entries), entries[0]?.attempts, entries[0]?.tool], [["$0.75"], 2, "search"])
  })

  it("keeps the currencies of a tool apart", () => {
    assert.deepStrictEqual(costsOf(entriesOf([toolCall("1"), toolCall("2", "search", "CNY")])), ["$1", "¥2"])
  })

  it("keeps a tool without a charge apart from one with a charge", () => {
    const { charge: _, ...free } = toolCall("1")
    assert.strictEqual(entriesOf([free, toolCall("1")]).length, 2)
  })

  it("has no tool for a call of a model", () => {
    assert.notProperty(entriesOf([attempt()])[0], "tool")
  })

  it("merges the oldest entries without their names when it is full", () => {
    const [merged, kept] = entriesOf(
      [
        attempt({ account: "a", tags: { tenant: "t", job: "j", agent: "g" } }),
        attempt({ account: "b", attempts: 3 }),
        attempt({ account: "c" })
      ],
      1
    )
    assert.strictEqual(kept?.account, "c")
    const { cost, usage: sum, ...names } = merged ?? assert.fail("nothing was merged")
    assert.deepStrictEqual<unknown>(names, {
      account: "",
      provider: "",
      model: "",
      day: "",
      tenant: "",
      job: "",
      agent: "",
      outcome: "succeeded",
      isEstimate: false,
      isBatch: false,
      attempts: 4
    })
    assert.deepStrictEqual([sum.prompt_tokens, sum.total_tokens], [200, 240])
    // 200 x 3 + 40 x 15
    assert.deepStrictEqual(Option.map(cost, Cost.format), Option.some("$0.0012"))
  })

  it("merges tools apart from calls of models", () => {
    const entries = entriesOf([toolCall("1"), toolCall("2", "read"), attempt(), attempt({ account: "c" })], 1)
    assert.deepStrictEqual(
      entries.map(({ attempts, tool }) => [tool, attempts]),
      [
        ["", 2],
        [undefined, 1],
        [undefined, 1]
      ]
    )
    assert.strictEqual(costsOf(entries)[0], "$3")
  })

  it("merges what has no price apart from what has one", () => {
    const entries = entriesOf(
      [attempt(), attempt({ model: "strange" }), attempt({ model: "odd" }), attempt({ account: "c" })],
      1
    )
    assert.deepStrictEqual(
      entries.map(({ attempts, cost }) => [attempts, Option.isSome(cost)]),
      [
        [1, true],
        [2, false],
        [1, true]
      ]
    )
  })
})
