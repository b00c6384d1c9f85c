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

  const day = 'a day, such as "2026-11-23"'
  const decimal = 'a decimal that is not negative, such as "0.95"'
  const entry = price("m", "p", "1")
  const tool = { tool: "t", provider: "p", currency: "USD", perCall: "1" }
  const invalid: ReadonlyArray<readonly [options: unknown, name: string, expected: string]> = [
    [null, "", "an object with models, tools or batches"],
    ["all", "", "an object with models, tools or batches"],
    [{ models: "all" }, "models", "a list of prices"],
    [{ tools: ["t"] }, "tools", "a list of prices"],
    [{ batches: [null] }, "batches", "a list of prices"],
    [{ models: [{ ...entry, model: "" }] }, "models[0].model", "a name"],
    [{ models: [{ ...entry, provider: 5 }] }, "models[0].provider", "a name"],
    [{ models: [{ ...entry, currency: "EUR" }] }, "models[0].currency", "USD or CNY"],
    [{ models: [entry, { ...entry, cacheHit: "free" }] }, "models[1].cacheHit", decimal],
    [{ models: [{ ...entry, cacheWrite: "1,5" }] }, "models[0].cacheWrite", decimal],
    [{ models: [{ ...entry, cacheWrite1h: "-1" }] }, "models[0].cacheWrite1h", decimal],
    [{ models: [{ ...entry, from: "on 2026-11-23" }] }, "models[0].from", day],
    [{ models: [{ ...entry, from: "2026-11-23T00:00:00Z" }] }, "models[0].from", day],
    [{ models: [{ ...entry, from: "2026-13-01" }] }, "models[0].from", day],
    [{ tools: [{ ...tool, tool: "" }] }, "tools[0].tool", "a name"],
    [{ tools: [{ ...tool, perCall: "much" }] }, "tools[0].perCall", decimal],
    [{ tools: [{ ...tool, from: "soon" }] }, "tools[0].from", day],
    [{ batches: [{ provider: "p", factor: "1.1" }] }, "batches[0].factor", 'a decimal from 0 to 1, such as "0.6"']
  ]

  it.effect.each(invalid)("rejects %j", ([options, name, expected]) =>
    Effect.gen(function* () {
      const { issues } = yield* Effect.flip(PriceTable.make(options as PriceTable.Options))
      assert.deepStrictEqual([...issues], [{ name: `PriceTable ${name}`.trim(), expected }])
    })
  )

  it.effect("accepts a batch price of the whole price", () =>
    Effect.map(PriceTable.make({ batches: [{ provider: "p", factor: "1" }] }), ({ batch }) =>
      assert.strictEqual(batch("p"), "1")
    )
  )

  it("has the price of a tool at one host alone", () => {
    const names = [
      PriceTable.catalog.tool("$web_search", "moonshot", "2026-11-23"),
      PriceTable.catalog.tool("$web_search", "together", "2026-11-23"),
      PriceTable.catalog.tool("search", "moonshot", "2026-11-23")
    ]
    assert.deepStrictEqual(
      names.map((found) => found?.perCall),
      ["0.005", undefined, undefined]
    )
  })

  it.effect("has a price for the tool that it names", () =>
    Effect.map(
      PriceTable.make({ tools: [{ tool: "t", provider: "p", currency: "USD", perCall: "1" }] }),
      ({ tool: priceOf }) =>
        assert.deepStrictEqual(
          [priceOf("t", "p", "2026-11-23")?.perCall, priceOf("u", "p", "2026-11-23")],
          ["1", undefined]
        )
    )
  )

  it.effect("discounts every price of a batch that the model has", () =>
    Effect.gen(function* () {
      const of = (members: object) =>
        Effect.map(
          PriceTable.make({
            models: [{ ...entry, output: "4", ...members }],
            batches: [{ provider: "p", factor: "0.5" }]
          }),
          (prices) => Option.getOrThrow(PriceTable.priceOf(prices, "m", "p", "2026-11-23", true))
        )
      const base = { model: "m", provider: "p", currency: "USD", cacheMiss: "0.5", output: "2" }
      assert.deepStrictEqual<unknown>(yield* of({}), base)
      assert.deepStrictEqual<unknown>(yield* of({ cacheHit: "1", cacheWrite: "2", cacheWrite1h: "3" }), {
        ...base,
        cacheHit: "0.5",
        cacheWrite: "1",
        cacheWrite1h: "1.5"
      })
    })
  )

  it.effect("has no price of a batch at a host without batches", () =>
    Effect.map(PriceTable.make({ models: [entry] }), (prices) =>
      assert.isTrue(Option.isNone(PriceTable.priceOf(prices, "m", "p", "2026-11-23", true)))
    )
  )

  it("has no price of a batch of an unknown model", () => {
    assert.isTrue(Option.isNone(PriceTable.priceOf(PriceTable.catalog, "m", "moonshot", "2026-11-23", true)))
  })

  /** Whether the effect sees a custom price for the model. */
  const hasOwnPrice = Effect.map(PriceTable.PriceTable, ({ model }) => model("m", "p", "2026-11-23")?.output)

  it.effect("is provided where no other one is", () =>
    Effect.gen(function* () {
      const table = yield* PriceTable.make({ models: [price("m", "p", "7")] })
      const other = PriceTable.layer({ models: [price("m", "p", "9")] })
      const provided = PriceTable.provideIfUnset(hasOwnPrice)
      assert.deepStrictEqual(
        [
          yield* provided({ table: undefined }),
          yield* provided({ table }),
          yield* Effect.provide(provided({ table }), other)
        ],
        [undefined, "7", "9"]
      )
    })
  )

  it.effect("falls back to a table where no other one is", () =>
    Effect.gen(function* () {
      const table = yield* PriceTable.make({ models: [price("m", "p", "7")] })
      const other = PriceTable.layer({ models: [price("m", "p", "9")] })
      const output = Effect.map(PriceTable.currentOrElse(table), ({ model }) => model("m", "p", "2026-11-23")?.output)
      assert.deepStrictEqual([yield* output, yield* Effect.provide(output, other)], ["7", "9"])
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
