import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import type { ModelRequest } from "../../src/models/ChatRequest.ts"
import { ChatResponse } from "../../src/models/ChatResponse.ts"
import * as Cost from "../../src/money/Cost.ts"
import * as PriceTable from "../../src/money/PriceTable.ts"
import * as TokenCount from "../../src/TokenCount.ts"

const usage = (prompt: number, completion: number) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0
})

const request = (members: Partial<ModelRequest> = {}): ModelRequest => ({
  model: "kimi-k3",
  messages: [{ role: "user", content: "Hello world!" }],
  ...members
})

const at = { provider: "moonshot", day: "2026-11-23" }
const text = (cost: Option.Option<Cost.Cost>) => Option.getOrUndefined(Option.map(cost, Cost.format))
const worst = (members: Partial<ModelRequest>, where: Omit<Cost.Purchase, "model"> = at) =>
  text(Cost.worstCase(request(members), where))

describe("Cost.worstCase", () => {
  it.effect("uses the price of cache hits if that is the highest", () =>
    Effect.gen(function* () {
      const price = {
        model: "odd",
        provider: "host",
        currency: "USD",
        cacheHit: "9",
        cacheMiss: "1",
        output: "2"
      } as const
      const prices = yield* PriceTable.make({ models: [price] })
      const cost = Cost.worstCase(request({ model: "odd", max_tokens: 1 }), { ...at, provider: "host" }, prices)
      const prompt = TokenCount.ofPrompt(request({ model: "odd" }))
      assert.strictEqual(text(cost), `$0.${String(prompt * 9 + 2).padStart(6, "0")}`)
    })
  )

  // 88 tokens by estimate x 3 = 264 millionths; output at 15.
  it("is the highest price of the prompt plus the maximum output", () => {
    assert.strictEqual(TokenCount.ofPrompt(request()), 88)
    assert.strictEqual(worst({ max_completion_tokens: 100 }), "$0.001764")
    assert.strictEqual(worst({ max_tokens: 100 }), "$0.001764")
    // 131,072 x 15 = 1,966,080
    assert.strictEqual(worst({}), "$1.966344")
    // 88 x 20 + 100 x 100
    assert.strictEqual(worst({ max_completion_tokens: 100 }, { ...at, provider: "moonshot-cn" }), "¥0.01176")
  })

  it("counts every requested choice", () => {
    assert.strictEqual(worst({ max_completion_tokens: 100, n: 3 }), "$0.004764")
  })

  it("reads limits from extra_body", () => {
    assert.strictEqual(worst({ max_completion_tokens: 100, extra_body: { max_tokens: 200, n: 2 } }), "$0.006264")
    assert.strictEqual(worst({ extra_body: { max_completion_tokens: 200_000 } }), "$3.000264")
    assert.strictEqual(worst({ max_completion_tokens: 100, extra_body: { max_tokens: "many", n: null } }), "$0.001764")
  })

  it("uses the price of cache writes if that is higher", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const prices = yield* PriceTable.make({
          models: [
            { model: "m", provider: "p", currency: "USD", cacheHit: "1", cacheMiss: "2", cacheWrite: "5", output: "0" }
          ]
        })
        const cost = Cost.worstCase(request({ model: "m", max_completion_tokens: 1 }), { ...at, provider: "p" }, prices)
        // 8 tokens, since an unknown model has no preamble.
        assert.strictEqual(text(cost), "$0.00004")
      })
    ))

  it("uses the price of the one-hour cache only for a request that asks for it", () => {
    const most = { max_completion_tokens: 100 }
    const hour = { ttl: "1h" } as const
    assert.strictEqual(worst({ ...most, prompt_cache_options: { ttl: "5m" } }), worst(most))
    // 88 tokens at 6.00 in place of 3.00.
    assert.strictEqual(worst({ ...most, prompt_cache_options: hour }), "$0.002028")
    assert.strictEqual(worst({ ...most, extra_body: { prompt_cache_options: hour } }), "$0.002028")
    const overridden = { prompt_cache_options: { ttl: "5m" }, extra_body: { prompt_cache_options: hour } } as const
    assert.strictEqual(worst({ ...most, ...overridden }), worst(most))
  })

  it("adds some calls of the host's tools", () => {
    const tools: ModelRequest["tools"] = [{ type: "builtin_function", function: { name: "$web_search" } }]
    const without = Cost.make(usage(TokenCount.ofPrompt(request({ tools })), 100), {
      provider: "moonshot",
      currency: "USD",
      cacheMiss: "3",
      output: "15"
    })
    const plusTools = Option.getOrThrow(Cost.worstCase(request({ tools, max_completion_tokens: 100 }), at))
    // Four searches of half a cent.
    assert.deepStrictEqual(
      [Cost.format({ ...plusTools, total: plusTools.tools }), Cost.format(plusTools)],
      ["$0.02", `$${0.02 + Number(Cost.format(without).slice(1))}`]
    )
    // The price of a search at the China host is not known.
    assert.isUndefined(worst({ tools }, { ...at, provider: "moonshot-cn" }))
    assert.isUndefined(worst({ tools: [{ type: "builtin_function", function: { name: "$other" } }] }))
  })

  it("adds nothing for the tools of the application", () => {
    const tools: ModelRequest["tools"] = [{ type: "function", function: { name: "get_weather" } }]
    assert.isUndefined(Cost.maxUsage(request({ tools })).toolCalls)
  })

  it("is none if a tool has a price in another currency only", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const prices = yield* PriceTable.make({
          tools: [{ tool: "$web_search", provider: "moonshot", currency: "CNY", perCall: "1" }]
        })
        const tools: ModelRequest["tools"] = [{ type: "builtin_function", function: { name: "$web_search" } }]
        assert.isUndefined(text(Cost.worstCase(request({ tools }), at, prices)))
      })
    ))

  it("has the price of a batch", () => {
    const most = { model: "kimi-k2.5", max_completion_tokens: 100 }
    const [single = "", batch = ""] = [false, true].map((isBatch) => worst(most, { ...at, isBatch })?.slice(1))
    assert.closeTo(Number(batch), Number(single) * 0.6, 1e-9)
  })

  it("is none if no price is known", () => {
    assert.isUndefined(worst({ model: "some-other-model" }))
    assert.isUndefined(worst({}, { ...at, provider: "together" }))
  })
})

describe("Cost.ofRequest", () => {
  it.effect("uses today's price in the caller's price table", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 23))
      const asked = Cost.ofRequest(request({ max_completion_tokens: 100 }), "moonshot")
      assert.strictEqual(text(yield* asked), "$0.001764")
      assert.isUndefined(text(yield* Cost.ofRequest(request(), "together")))
      const rise = { model: "kimi-k3", provider: "moonshot", currency: "USD" as const, cacheMiss: "0", output: "30" }
      const prices = PriceTable.layer({ models: [{ ...rise, from: "2026-11-24" }] })
      assert.strictEqual(text(yield* Effect.provide(asked, prices)), "$0.001764")
      yield* TestClock.adjust("1 day")
      assert.strictEqual(text(yield* Effect.provide(asked, prices)), "$0.003")
    })
  )
})

describe("Cost.of", () => {
  const used = usage(1_000_000, 1_000_000)

  it("discounts a batch to 60 % at hosts with batches", () => {
    const cost = (purchase: Cost.Purchase) => text(Cost.of({ ...used, cached_tokens: 500_000 }, purchase))
    // kimi-k2.5: (0.5 x 0.10 + 0.5 x 0.60 + 3.00) x 0.6
    assert.strictEqual(cost({ ...at, model: "kimi-k2.5" }), "$3.35")
    assert.strictEqual(cost({ ...at, model: "kimi-k2.5", isBatch: true }), "$2.01")
    assert.strictEqual(cost({ ...at, model: "kimi-k2.5", provider: "moonshot-cn", isBatch: true }), "¥14.01")
  })

  it("charges for calls of the host's tools", () => {
    const search = { id: "1", type: "builtin_function", function: { name: "$web_search", arguments: "{}" } }
    const own = { id: "2", type: "function", function: { name: "web_search", arguments: "{}" } }
    const response = new ChatResponse({
      id: "1",
      model: "kimi-k2.6",
      created: 1,
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "", tool_calls: [search, own, search] },
          finish_reason: "tool_calls"
        }
      ]
    })
    const purchase = { ...at, model: "kimi-k2.6" }
    const all = Cost.billableUsage(usage(0, 0), Cost.toolNames(response), {})
    assert.deepStrictEqual([...(all.toolCalls ?? [])], [["$web_search", 2]])
    assert.strictEqual(text(Cost.of(all, purchase)), "$0.01")
    assert.isUndefined(text(Cost.of(Cost.billableUsage(used, ["$other"], {}), purchase)))
    assert.strictEqual(Cost.billableUsage(used, ["web_search"], {}), used)
  })
})
