import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Layer, Redacted } from "effect"
import * as KimiConfig from "../../src/KimiConfig.ts"
import * as PriceTable from "../../src/money/PriceTable.ts"
import * as Settings from "../../src/reload/Settings.ts"
import { canary, env, json, keyOf, printed } from "../support/config.ts"

const apiKey = Redacted.make("sk-1")
const own = { model: "kimi-k3", provider: "together", currency: "USD", cacheMiss: "3.20", output: "16.00" } as const

const read = (provider: ConfigProvider.ConfigProvider, overrides?: Settings.Options) =>
  Effect.provideService(Settings.fromConfig(overrides), ConfigProvider.ConfigProvider, provider)

const priceOf = (prices: PriceTable.Prices | undefined) => prices?.model("kimi-k3", "together", "2026-11-23")?.output

describe("Settings", () => {
  it.effect("make: checks prices together with the options", () =>
    Effect.gen(function* () {
      const settings = yield* Settings.make({ apiKey, model: "a", prices: { models: [own] } })
      assert.strictEqual(settings.config.model, "a")
      assert.strictEqual(priceOf(settings.table), "16.00")
      assert.isUndefined((yield* Settings.make({ apiKey })).table)
      const error = yield* Effect.flip(
        Settings.make({ maxAttempts: 0, prices: { batches: [{ provider: "a", factor: "2" }] } })
      )
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["maxAttempts", "apiKey", "PriceTable batches[0].factor"]
      )
    })
  )

  it.effect("fromConfig: reads both from a source, overridden by code", () =>
    Effect.gen(function* () {
      const source = json({ apiKey: "sk-1", model: "a", prices: { models: [own] } })
      const settings = yield* read(source)
      assert.strictEqual(settings.config.model, "a")
      assert.strictEqual(priceOf(settings.table), "16.00")
      const set = yield* read(source, { model: "b", prices: { models: [{ ...own, output: "1" }] } })
      assert.strictEqual(set.config.model, "b")
      assert.strictEqual(priceOf(set.table), "1")
    })
  )

  it.effect("fromConfig: reports the issues of both together", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(read(json({ idleTimeout: "soon", prices: { models: [{}] }, more: 1 })))
      assert.sameMembers(
        error.issues.map(({ name }) => name),
        [
          "kimi.idleTimeout",
          "kimi.more",
          "KIMI_API_KEY",
          ...["model", "provider", "currency", "cacheMiss", "output"].map((name) => `kimi.prices.models[0].${name}`)
        ]
      )
    })
  )

  it.effect("changedOptions: names exactly the options that differ by value", () =>
    Effect.gen(function* () {
      const before = yield* read(json({ apiKey: canary, idleTimeout: "60 seconds", prices: { models: [own] } }))
      const same = yield* read(json({ apiKey: canary, idleTimeout: "1 minute", prices: { models: [{ ...own }] } }))
      assert.deepStrictEqual(Settings.changedOptions(before, same), [])
      const after = yield* read(env({ KIMI_API_KEY: `${canary}-2`, KIMI_MAX_ATTEMPTS: "2" }))
      const changes = Settings.changedOptions(before, after)
      assert.deepStrictEqual(changes, ["apiKey", "maxAttempts", "prices"])
      for (const text of printed({ changes, before, after })) assert.notInclude(text, canary)
    })
  )

  const keyLayer = Layer.effect(
    ConfigProvider.ConfigProvider,
    Effect.map(KimiConfig.KimiConfig, (config) => ConfigProvider.fromUnknown({ key: keyOf(config) }))
  )

  it.effect("provideTo: provides the options", () =>
    Effect.gen(function* () {
      const layer = Settings.provideTo(keyLayer)(yield* Settings.make({ apiKey }))
      const { load } = yield* Effect.provide(ConfigProvider.ConfigProvider, layer)
      assert.deepInclude(yield* load(["key"]), { value: keyOf(yield* KimiConfig.make({ apiKey })) })
    })
  )

  it.effect("provideTo: provides the prices", () =>
    Effect.gen(function* () {
      const layer = Settings.provideTo(keyLayer)(yield* Settings.make({ apiKey, prices: { models: [own] } }))
      assert.strictEqual(yield* Effect.provide(Effect.map(PriceTable.PriceTable, priceOf), layer), "16.00")
    })
  )

  it.effect("provideTo: leaves the catalogue in place without prices", () =>
    Effect.gen(function* () {
      const layer = Settings.provideTo(keyLayer)(yield* Settings.make({ apiKey, idleTimeout: Duration.seconds(1) }))
      assert.strictEqual(yield* Effect.provide(PriceTable.PriceTable, layer), PriceTable.catalog)
    })
  )
})
