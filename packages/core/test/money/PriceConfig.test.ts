import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import * as PriceConfig from "../../src/money/PriceConfig.ts"
import type * as PriceTable from "../../src/money/PriceTable.ts"
import { env, json, printed } from "../support/config.ts"

const read = (provider: ConfigProvider.ConfigProvider) =>
  Effect.provideService(PriceConfig.fromConfig, ConfigProvider.ConfigProvider, provider)

const issuesOf = (prices: unknown) => Effect.map(Effect.flip(read(json({ prices }))), ({ issues }) => issues)

describe("PriceConfig.fromConfig", () => {
  it.effect("is undefined for a source without prices", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* read(env({ KIMI_API_KEY: "sk-1" })))
      assert.isUndefined(yield* read(json({ apiKey: "sk-1" })))
      assert.isUndefined(yield* read(json({ prices: null })))
    })
  )

  it.effect("reads every kind of price behind an environment without any", () =>
    Effect.gen(function* () {
      const model = {
        model: "kimi-k3",
        provider: "together",
        currency: "USD",
        cacheMiss: "3.20",
        output: "16.00"
      } as const
      const dated = { ...model, from: "2026-12-01", cacheHit: "0.1", cacheWrite: "4", cacheWrite1h: "8" }
      const prices: PriceTable.Options = {
        models: [model, dated],
        tools: [{ tool: "$web_search", provider: "moonshot", currency: "USD", perCall: "0.004" }],
        batches: [{ provider: "together", factor: "0.5" }]
      }
      const source = ConfigProvider.orElse(env({ KIMI_API_KEY: "sk-1" }), json({ prices }))
      assert.deepEqual(yield* read(source), prices)
    })
  )

  it.effect("accepts amounts that are written as numbers", () =>
    Effect.gen(function* () {
      const found = yield* read(json({ prices: { batches: [{ provider: "together", factor: 0.5 }] } }))
      assert.deepEqual(found, { batches: [{ provider: "together", factor: "0.5" }] })
    })
  )

  it.effect("names every invalid member without showing its value", () =>
    Effect.gen(function* () {
      const canary = "sk-canary-71"
      const prices = {
        models: [
          { model: "", provider: "together", currency: canary, cacheMiss: { a: canary } },
          canary,
          { model: "a", provider: "b", currency: "USD", cacheMiss: "1", output: "1", [`x-y`]: canary }
        ],
        tools: canary,
        batches: [{ provider: "together", factor: "0.5" }],
        more: canary
      }
      const issues = yield* issuesOf(prices)
      assert.sameDeepMembers(
        [...issues],
        [
          { name: "kimi.prices.models[0].model", expected: "the id of a model" },
          { name: "kimi.prices.models[0].currency", expected: "USD or CNY" },
          { name: "kimi.prices.models[0].cacheMiss", expected: 'a decimal that is not negative, such as "0.95"' },
          { name: "kimi.prices.models[0].output", expected: 'a decimal that is not negative, such as "0.95"' },
          { name: "kimi.prices.models[1]", expected: "an object" },
          { name: "kimi.prices.models[2].x-y", expected: "no such member" },
          { name: "kimi.prices.tools", expected: "a list of prices of tools" },
          { name: "kimi.prices.more", expected: "no such member" }
        ]
      )
      const error = yield* Effect.flip(read(json({ prices })))
      for (const text of printed(error)) assert.notInclude(text, canary)
    })
  )

  it.effect("names every invalid value", () =>
    Effect.gen(function* () {
      const price = { model: "a", provider: "b", currency: "USD", cacheMiss: "-1", output: "much", from: "tomorrow" }
      const issues = yield* issuesOf({ models: [price], batches: [{ provider: "b", factor: "1.5" }] })
      assert.deepStrictEqual(
        issues.map(({ name }) => name),
        [
          "kimi.prices.models[0].cacheMiss",
          "kimi.prices.models[0].output",
          "kimi.prices.models[0].from",
          "kimi.prices.batches[0].factor"
        ]
      )
    })
  )

  it.effect("names the variables of an environment", () =>
    Effect.gen(function* () {
      const model = { model: "a", provider: "b", currency: "EUR", cacheMiss: "1" }
      const variables = Object.entries(model).map(([name, value]) => [`kimi_prices_models_0_${name}`, value])
      const { issues } = yield* Effect.flip(read(env(Object.fromEntries(variables))))
      assert.deepStrictEqual(
        issues.map(({ name }) => name),
        ["kimi_prices_models_0_currency", "kimi_prices_models_0_output"]
      )
    })
  )

  it.effect("reports a source that cannot be read", () =>
    Effect.gen(function* () {
      const broken = ConfigProvider.make((path) =>
        path.length === 2
          ? Effect.succeed(ConfigProvider.makeRecord(new Set(["models"])))
          : Effect.fail(new ConfigProvider.SourceError({ message: "gone" }))
      )
      const { issues } = yield* Effect.flip(read(broken))
      assert.deepStrictEqual(issues, [{ name: "kimi.prices", expected: "an object with models, tools or batches" }])
    })
  )

  it.effect("names a member whose name has digits", () =>
    Effect.gen(function* () {
      const price = { model: "a", provider: "b", currency: "USD", cacheMiss: "1", output: "1" }
      const issues = yield* issuesOf({ models: [...Array.from({ length: 10 }, () => price), { ...price, a1: 1 }, 5] })
      assert.sameDeepMembers(
        [...issues],
        [
          { name: "kimi.prices.models[10].a1", expected: "no such member" },
          { name: "kimi.prices.models[11]", expected: "an object" }
        ]
      )
    })
  )

  it.effect("names a member whose name begins with a digit", () =>
    Effect.gen(function* () {
      const price = { model: "a", provider: "b", currency: "USD", cacheMiss: "1", output: "1" }
      const issues = yield* issuesOf({ models: [{ ...price, "1a": 1 }] })
      assert.deepStrictEqual([...issues], [{ name: "kimi.prices.models[0].1a", expected: "no such member" }])
    })
  )
})
