import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Random } from "effect"
import type { ModelRequest } from "../../../src/models/ChatRequest.ts"
import type * as ModelCatalog from "../../../src/ModelCatalog.ts"
import * as Cost from "../../../src/money/Cost.ts"
import * as Amount from "../../../src/money/internal/Amount.ts"
import * as TokenRates from "../../../src/money/internal/TokenRates.ts"
import { worstCaseOfTokens } from "../../../src/money/internal/WorstCase.ts"
import { between, type Chance, happens, oneOf } from "../../resilience/support/chance.ts"
import { runs, seedOf, timeLimit } from "../../../../../test/support/depth.ts"

const count = runs({ sample: 3_000, deep: 100_000 })

const withSeed = Random.withSeed(seedOf("token rates"))

/** A price with up to twelve decimals. */
const randomText = (chance: Chance): string => {
  const digits = oneOf(chance, 0, 2, 6, 7, 12)
  return (chance.nextDoubleUnsafe() * oneOf(chance, 1, 30, 999_999)).toFixed(digits)
}

const randomPrice = (chance: Chance): ModelCatalog.Price => ({
  provider: "host",
  currency: "USD",
  cacheMiss: randomText(chance),
  output: randomText(chance),
  ...(happens(chance, 0.5) && { cacheHit: randomText(chance) }),
  ...(happens(chance, 0.5) && { cacheWrite: randomText(chance) }),
  ...(happens(chance, 0.5) && { cacheWrite1h: randomText(chance) })
})

const randomUsage = (chance: Chance): Cost.BillableUsage => {
  const tokens = () => oneOf(chance, 0, between(chance, 0, 9), between(chance, 0, 2_000_000))
  const [prompt, completion] = [tokens(), tokens()]
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    cached_tokens: tokens(),
    cache_write_tokens: tokens(),
    reasoning_tokens: 0,
    ...(happens(chance, 0.5) && { oneHourCacheWrites: tokens() })
  }
}

const randomRequest = (chance: Chance): ModelRequest => ({
  model: oneOf(chance, "kimi-k3", "kimi-k2-0905-preview", "other"),
  messages: [{ role: "user", content: "word ".repeat(between(chance, 0, 40)) }],
  ...(happens(chance, 0.5) && { max_completion_tokens: between(chance, 0, 9_000_000) }),
  ...(happens(chance, 0.2) && { n: between(chance, 1, 5) }),
  ...(happens(chance, 0.2) && { extra_body: { n: between(chance, 1, 5), max_tokens: between(chance, 0, 99) } }),
  ...(happens(chance, 0.2) && { prompt_cache_options: { ttl: oneOf(chance, "5m" as const, "1h" as const) } })
})

const pricesOf = (price: ModelCatalog.Price) => ({ model: () => price, tool: () => undefined, batch: () => undefined })

const purchase = { model: "other", provider: "host", day: "2026-11-23" }

describe("TokenRates", () => {
  it.effect(
    "gives the same cost of usage as decimals",
    () =>
      Effect.gen(function* () {
        const chance = yield* Random.Random
        for (let i = 0; i < count; i += 1) {
          const [price, usage] = [randomPrice(chance), randomUsage(chance)]
          const cost = Option.getOrThrow(Cost.of(usage, purchase, pricesOf(price)))
          const amount = TokenRates.amountOf(usage, TokenRates.of(price))
          if (amount !== Amount.fromDecimal(cost.total)) assert.fail(`${amount} for ${JSON.stringify([price, usage])}`)
        }
      }).pipe(withSeed),
    timeLimit(60_000)
  )

  it.effect(
    "gives the same worst case of a request as decimals",
    () =>
      Effect.gen(function* () {
        const chance = yield* Random.Random
        for (let i = 0; i < count; i += 1) {
          const [price, request] = [randomPrice(chance), randomRequest(chance)]
          const tokens = oneOf(chance, undefined, between(chance, 1, 1_000_000))
          const cost = Option.getOrThrow(Cost.worstCase(request, purchase, pricesOf(price), tokens))
          const amount = worstCaseOfTokens(request, TokenRates.of(price), tokens)
          if (amount !== Amount.fromDecimal(cost.total))
            assert.fail(`${amount} for ${JSON.stringify([price, request])}`)
        }
      }).pipe(withSeed),
    timeLimit(60_000)
  )

  const rates = TokenRates.of({ provider: "host", currency: "USD", cacheMiss: "1", output: "2" })
  const usage: Cost.BillableUsage = {
    prompt_tokens: 3,
    completion_tokens: 4,
    total_tokens: 7,
    cached_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0
  }

  it.each<[string, Partial<Cost.BillableUsage>]>([
    ["tools that were called", { toolCalls: new Map([["$web_search", 1]]) }],
    ["a part of a token", { completion_tokens: 0.5 }],
    ["a part of a token that was cached", { cached_tokens: 0.5 }],
    ["a count beyond what is exact", { prompt_tokens: 2 ** 53 }],
    ["a count below zero", { cache_write_tokens: -1 }]
  ])("leaves %s to decimals", (_, members) => {
    assert.strictEqual(TokenRates.amountOf(usage, rates), 11_000_000n)
    assert.isUndefined(TokenRates.amountOf({ ...usage, ...members }, rates))
  })

  it("leaves the tools of a host to decimals", () => {
    const request: ModelRequest = { model: "other", messages: [], max_completion_tokens: 1 }
    const tool = { type: "builtin_function", function: { name: "$web_search" } } as const
    assert.strictEqual(worstCaseOfTokens(request, rates), 2_000_000n)
    assert.isUndefined(worstCaseOfTokens({ ...request, tools: [tool] }, rates))
  })

  it.each(["cacheMiss", "output", "cacheHit", "cacheWrite", "cacheWrite1h"] as const)(
    "are those of a price whose `%s` a program has changed",
    (member) => {
      const price = { provider: "host", currency: "USD" as const, cacheMiss: "1", output: "1" }
      assert.strictEqual(TokenRates.of(price), TokenRates.of(price))
      Object.assign(price, { [member]: "3" })
      assert.deepStrictEqual(TokenRates.of(price), TokenRates.of({ ...price }))
    }
  )
})
