import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Option, Schema } from "effect"
import type { Price } from "../../src/ModelCatalog.ts"
import { Usage } from "../../src/models/Usage.ts"
import * as Cost from "../../src/money/Cost.ts"
import type * as PriceTable from "../../src/money/PriceTable.ts"

const usage = (prompt_tokens: number, completion_tokens: number, details: Partial<Usage> = {}): Usage => ({
  prompt_tokens,
  completion_tokens,
  total_tokens: prompt_tokens + completion_tokens,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0,
  ...details
})

const digits = (amount: BigDecimal.BigDecimal): string => BigDecimal.format(BigDecimal.normalize(amount))

const parts = (cost: Cost.Cost) => ({
  cachedInput: digits(cost.cachedInput),
  uncachedInput: digits(cost.uncachedInput),
  output: digits(cost.output),
  total: digits(cost.total)
})

const k3: Price = {
  provider: "moonshot",
  currency: "USD",
  cacheHit: "0.30",
  cacheMiss: "3.00",
  output: "15.00",
  cacheWrite: "3.00"
}

/** Prices that are read once are kept, so this test needs another one each time. */
let unseen = 1_000

describe("Cost.make", () => {
  it("reads a price that it has not seen", () => {
    unseen += 1
    const cost = Cost.make(usage(0, 1_000_000), { ...k3, output: `${unseen}.25` })
    assert.strictEqual(digits(cost.total), `${unseen}.25`)
  })

  it("counts a fraction of a token, as some hosts report it", () => {
    assert.strictEqual(parts(Cost.make(usage(0, 0.5), k3)).output, "0.0000075")
  })

  it("counts no more cache writes than the rest of the prompt", () => {
    const written = { ...k3, cacheWrite: "4.00" }
    const cost = Cost.make(usage(10, 0, { cached_tokens: 6, cache_write_tokens: 8 }), written)
    assert.strictEqual(parts(cost).uncachedInput, "0.000016")
  })

  // Usage of the four recorded plain answers of kimi-k3: 0.30 / 3.00 / 15.00 dollars per million.
  const recorded: ReadonlyArray<readonly [string, Usage, ReturnType<typeof parts>]> = [
    [
      "an answer cut off in its reasoning: 93 x 3 + 16 x 15 = 519",
      usage(93, 16, { reasoning_tokens: 13 }),
      { cachedInput: "0", uncachedInput: "0.000279", output: "0.00024", total: "0.000519" }
    ],
    [
      "an answer without cache: 93 x 3 + 47 x 15 = 984",
      usage(93, 47, { reasoning_tokens: 31 }),
      { cachedInput: "0", uncachedInput: "0.000279", output: "0.000705", total: "0.000984" }
    ],
    [
      "an answer whose whole prompt was cached: 88 x 0.3 + 196 x 15 = 2966.4",
      usage(88, 196, { cached_tokens: 88, reasoning_tokens: 156 }),
      { cachedInput: "0.0000264", uncachedInput: "0", output: "0.00294", total: "0.0029664" }
    ],
    [
      "an answer that calls a tool: 268 x 3 + 125 x 15 = 2679",
      usage(268, 125, { reasoning_tokens: 55 }),
      { cachedInput: "0", uncachedInput: "0.000804", output: "0.001875", total: "0.002679" }
    ]
  ]

  for (const [name, tokens, cost] of recorded) {
    it(`computes to the last digit ${name} millionths`, () => {
      assert.deepStrictEqual(parts(Cost.make(tokens, k3)), cost)
    })
  }

  it("counts each prompt token once: hit, miss or write", () => {
    const price: Price = { ...k3, cacheWrite: "6.00" }
    // 100 x 0.3 + (400 - 100 - 200) x 3 + 200 x 6 + 70 x 15
    const tokens = usage(400, 70, { cached_tokens: 100, cache_write_tokens: 200 })
    assert.deepStrictEqual(parts(Cost.make(tokens, price)), {
      cachedInput: "0.00003",
      uncachedInput: "0.0015",
      output: "0.00105",
      total: "0.00258"
    })
  })

  describe("writes to the one-hour cache", () => {
    const price: Price = { ...k3, cacheWrite1h: "6.00" }
    const written = usage(400, 0, { cached_tokens: 100, cache_write_tokens: 200 })

    it("have a separate price", () => {
      // 100 x 3 + 50 x 3 + 150 x 6
      const cost = Cost.make({ ...written, oneHourCacheWrites: 150 }, price)
      assert.strictEqual(digits(cost.uncachedInput), "0.00135")
    })

    it("are no more than all writes", () => {
      // 100 x 3 + 200 x 6
      const cost = Cost.make({ ...written, oneHourCacheWrites: 900 }, price)
      assert.strictEqual(digits(cost.uncachedInput), "0.0015")
    })

    it("cost as much as other writes without a separate price", () => {
      const cost = Cost.make({ ...written, oneHourCacheWrites: 200 }, { ...k3, cacheWrite: "4.00" })
      assert.strictEqual(digits(cost.uncachedInput), "0.0011")
    })
  })

  it("falls back to the price of a cache miss", () => {
    const price: Price = { provider: "moonshot", currency: "USD", cacheMiss: "2.00", output: "5.00" }
    const tokens = usage(1_000, 0, { cached_tokens: 400, cache_write_tokens: 100 })
    assert.deepStrictEqual(parts(Cost.make(tokens, price)), {
      cachedInput: "0.0008",
      uncachedInput: "0.0012",
      output: "0",
      total: "0.002"
    })
  })

  it("does not add reasoning tokens, which are part of the completion", () => {
    const plain = Cost.make(usage(10, 100), k3)
    const thinking = Cost.make(usage(10, 100, { reasoning_tokens: 99 }), k3)
    assert.deepStrictEqual(parts(thinking), parts(plain))
  })

  it("never counts more cached or written tokens than the prompt has", () => {
    const odd = Cost.make(usage(100, 0, { cached_tokens: 150, cache_write_tokens: 50 }), k3)
    assert.deepStrictEqual(parts(odd), { cachedInput: "0.00003", uncachedInput: "0", output: "0", total: "0.00003" })
  })

  it("is exact where binary fractions are not, also over many calls", () => {
    const cost = Cost.make(usage(3, 0), { ...k3, cacheMiss: "0.10" })
    assert.strictEqual(digits(cost.total), "0.0000003")
    const bill = BigDecimal.sumAll(Array.from({ length: 1_000 }, () => cost.total))
    assert.strictEqual(digits(bill), "0.0003")
    const large = Cost.make(usage(9_007_199_254_740_991, 0), k3)
    assert.strictEqual(digits(large.total), "27021597764.222973")
  })

  const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2_000_000 }))
  const AnyUsage = Schema.Struct({
    ...Usage.fields,
    prompt_tokens: Count,
    completion_tokens: Count,
    cached_tokens: Count,
    cache_write_tokens: Count
  })

  it.prop(
    "is the sum of its parts",
    [AnyUsage],
    ([tokens]) => {
      const cost = Cost.make(tokens, k3)
      assert.strictEqual(
        digits(cost.total),
        digits(BigDecimal.sumAll([cost.cachedInput, cost.uncachedInput, cost.output]))
      )
      assert.isFalse(BigDecimal.isNegative(cost.uncachedInput))
    },
    { arbitrary: { seed: "cost", runs: 200 } }
  )

  it.prop(
    "is at most the cost without a cache",
    [AnyUsage],
    ([tokens]) => {
      const cost = Cost.make(tokens, k3)
      const uncached = Cost.make({ ...tokens, cached_tokens: 0, cache_write_tokens: 0 }, k3)
      assert.isTrue(BigDecimal.isLessThanOrEqualTo(cost.total, uncached.total))
    },
    { arbitrary: { seed: "cost", runs: 200 } }
  )
})

describe("Cost.ofModel", () => {
  const tokens = usage(1_000_000, 1_000_000, { cache_write_tokens: 500_000 })
  const total = (model: string, provider: string, day: string) =>
    Option.map(Cost.ofModel(tokens, model, provider, day), Cost.format)

  it("uses the price of the host in its currency", () => {
    assert.deepStrictEqual(total("kimi-k3", "moonshot", "2026-11-22"), Option.some("$18"))
    assert.deepStrictEqual(total("kimi-k3", "moonshot-cn", "2026-11-22"), Option.some("¥120"))
    assert.deepStrictEqual(total("kimi-k2.5", "moonshot", "2026-08-01"), Option.some("$3.6"))
    assert.deepStrictEqual(total("moonshotai/Kimi-K2.5", "moonshot", "2026-08-01"), Option.some("$3.6"))
  })

  it("is none if the price is not known", () => {
    assert.deepStrictEqual(total("some-other-model", "moonshot", "2026-11-22"), Option.none())
    assert.deepStrictEqual(total("kimi-k3", "together", "2026-11-22"), Option.none())
    assert.deepStrictEqual(total("kimi-latest", "moonshot", "2026-01-01"), Option.none())
  })
})

describe("Cost.of", () => {
  // Programs in JavaScript return `null` for what they do not know.
  const nothing = { model: () => null, tool: () => null, batch: () => null } as unknown as PriceTable.Prices
  const purchase = { model: "kimi-k3", provider: "moonshot", day: "2026-11-22" }

  it("is none if a table returns null", () => {
    assert.deepStrictEqual(Cost.of(usage(1, 1), purchase, nothing), Option.none())
    assert.deepStrictEqual(Cost.of(usage(1, 1), { ...purchase, isBatch: true }, nothing), Option.none())
    const known = { ...nothing, model: () => k3 }
    assert.deepStrictEqual(Cost.of(usage(1, 1), { ...purchase, isBatch: true }, known), Option.none())
    const withTool = { ...usage(1, 1), toolCalls: new Map([["$web_search", 1]]) }
    assert.deepStrictEqual(Cost.of(withTool, purchase, known), Option.none())
  })
})

describe("Cost.format", () => {
  it("shows every digit without rounding", () => {
    const format = (tokens: Usage, price: Price = k3) => Cost.format(Cost.make(tokens, price))
    assert.strictEqual(format(usage(93, 16)), "$0.000519")
    assert.strictEqual(format(usage(88, 196, { cached_tokens: 88 })), "$0.0029664")
    assert.strictEqual(format(usage(1, 0), { ...k3, cacheMiss: "0.01" }), "$0.00000001")
    assert.strictEqual(format(usage(0, 0)), "$0")
    assert.strictEqual(format(usage(2_000_000, 0), { ...k3, currency: "CNY", cacheMiss: "20" }), "¥40")
  })
})
