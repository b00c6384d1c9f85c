import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import { TestClock } from "effect/testing"
import * as Cost from "../../src/money/Cost.ts"
import * as PriceTable from "../../src/money/PriceTable.ts"
import { responseOf, usageOf } from "../support/responses.ts"

const price = (model: string, provider: string, output: string, from?: string) => ({
  model,
  provider,
  currency: "USD" as const,
  cacheMiss: "1",
  output,
  ...(from === undefined ? {} : { from })
})

describe("PriceTable", () => {
  it.effect("overrides the catalogue by model, host, day", () =>
    Effect.gen(function* () {
      const { model } = yield* PriceTable.make({
        models: [
          price("kimi-k3", "together", "16"),
          price("kimi-k3", "moonshot", "30", "2027-02-01"),
          price("kimi-k3", "moonshot", "20", "2027-01-01"),
          price("mine", "moonshot", "7")
        ]
      })
      const output = (id: string, host: string, day: string) => model(id, host, day)?.output
      assert.strictEqual(output("kimi-k3", "together", "2026-11-23"), "16")
      assert.strictEqual(output("moonshotai/Kimi-K3", "together", "2026-11-23"), "16")
      assert.strictEqual(output("mine", "moonshot", "2026-11-23"), "7")
      assert.strictEqual(output("kimi-k3", "moonshot", "2026-11-23"), "15.00")
      assert.strictEqual(output("kimi-k3", "moonshot", "2027-01-31"), "20")
      assert.strictEqual(output("kimi-k3", "moonshot", "2027-02-01"), "30")
      assert.strictEqual(output("kimi-k3", "moonshot-cn", "2027-02-01"), "100")
      assert.isUndefined(output("mine", "together", "2026-11-23"))
    })
  )

  it.effect("overrides the prices of tools", () =>
    Effect.gen(function* () {
      const tool = { tool: "$web_search", currency: "USD" as const }
      const table = yield* PriceTable.make({
        tools: [
          { ...tool, provider: "moonshot", perCall: "0.004", from: "2027-01-01" },
          { ...tool, currency: "CNY", provider: "moonshot-cn", perCall: "0.03" }
        ]
      })
      assert.strictEqual(table.tool("$web_search", "moonshot", "2026-11-23")?.perCall, "0.005")
      assert.strictEqual(table.tool("$web_search", "moonshot", "2027-01-01")?.perCall, "0.004")
      assert.strictEqual(table.tool("$web_search", "moonshot-cn", "2027-01-01")?.perCall, "0.03")
    })
  )

  it.effect("overrides the prices of batches", () =>
    Effect.gen(function* () {
      const table = yield* PriceTable.make({ batches: [{ provider: "together", factor: "0.5" }] })
      assert.deepStrictEqual(
        [table.batch("moonshot"), table.batch("together"), table.batch("novita")],
        ["0.6", "0.5", undefined]
      )
    })
  )

  it.effect("names every invalid price", () =>
    Effect.gen(function* () {
      const result = yield* Effect.result(
        PriceTable.make({
          models: [price("m", "p", "-1", "tomorrow")],
          tools: [{ tool: "t", provider: "p", currency: "USD", perCall: "1e3" }],
          batches: [{ provider: "p", factor: "1.5" }]
        })
      )
      assert.deepStrictEqual(Result.isFailure(result) ? result.failure.issues.map(({ name }) => name) : [], [
        "PriceTable models[0].output",
        "PriceTable models[0].from",
        "PriceTable tools[0].perCall",
        "PriceTable batches[0].factor"
      ])
    })
  )

  it.effect("applies to the cost of a response where its layer is provided", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 23))
      const usage = usageOf({ prompt_tokens: 1, completion_tokens: 2 })
      const response = responseOf("hi", { model: "mine", provider: "p", usage })
      assert.isTrue(Option.isNone(yield* Cost.ofResponse(response)))
      const cost = yield* Effect.provide(
        Cost.ofResponse(response),
        PriceTable.layer({ models: [price("mine", "p", "10")] })
      )
      assert.strictEqual(Option.getOrUndefined(Option.map(cost, Cost.format)), "$0.000021")
    })
  )
})
