import { assert, describe, it } from "@effect/vitest"
import {
  type ConfigProvider as Provider,
  ConfigProvider,
  Context,
  Effect,
  Exit,
  Layer,
  Logger,
  Redacted,
  Scope
} from "effect"
import { TestClock } from "effect/testing"
import type { ConfigurationError } from "../../src/errors/ConfigurationErrors.ts"
import * as PriceTable from "../../src/money/PriceTable.ts"
import * as LiveConfig from "../../src/reload/LiveConfig.ts"
import type * as Settings from "../../src/reload/Settings.ts"
import { canary, env, json, keyOf, printed } from "../support/config.ts"
import { listen, type Live, modelOf } from "./support/live.ts"

/** A source whose contents a test changes, with the number of reads. */
const changing = (first: object) => {
  const state = { kimi: first, reads: 0 }
  const provider: Provider.ConfigProvider = ConfigProvider.make((path) => {
    if (path[0] === "KIMI_API_KEY") state.reads += 1
    return json(state.kimi).load(path)
  })
  return { state, provider }
}

const liveOn = (
  provider: Provider.ConfigProvider,
  overrides?: Settings.Options,
  refresh?: LiveConfig.RefreshOptions
): Effect.Effect<Live, ConfigurationError, Scope.Scope> =>
  Effect.map(
    Layer.build(Layer.provide(LiveConfig.layerConfig(overrides, refresh), ConfigProvider.layer(provider))),
    Context.get(LiveConfig.LiveConfig)
  )

describe("LiveConfig", () => {
  it.effect("fails on invalid initial settings with every reason", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(liveOn(json({ maxAttempts: 0, idleTimeout: "soon" })))
      assert.sameMembers(
        error.issues.map(({ name }) => name),
        ["KIMI_API_KEY", "kimi.maxAttempts", "kimi.idleTimeout"]
      )
    })
  )

  it.effect("logs a misspelt variable once over several reads", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      yield* Effect.flatMap(liveOn(env({ KIMI_API_KEY: "sk-1", KIMI_MODLE: "a" })), ({ reload }) => reload).pipe(
        Effect.provide(Logger.layer([logger]))
      )
      assert.deepStrictEqual(lines, [
        "The variable KIMI_MODLE sets no option of this library; did you mean KIMI_MODEL?"
      ])
    })
  )

  it.effect("returns the changed options of a reload", () =>
    Effect.gen(function* () {
      const { provider, state } = changing({ apiKey: "sk-1", model: "a" })
      const live = yield* liveOn(provider, { maxAttempts: 2 })
      const events = yield* listen(live)
      yield* TestClock.setTime(5_000)
      state.kimi = { apiKey: "sk-2", model: "b", maxAttempts: 9 }
      assert.deepStrictEqual(yield* live.reload, ["apiKey", "model"])
      const { config } = yield* live.current
      assert.deepStrictEqual([keyOf(config), config.model, config.maxAttempts], ["sk-2", "b", 2])
      yield* Effect.yieldNow
      assert.deepStrictEqual(events, [{ _tag: "Reloaded", changed: ["apiKey", "model"], at: 5_000 }])
    })
  )

  it.effect("publishes no event without a change", () =>
    Effect.gen(function* () {
      const { provider, state } = changing({ apiKey: "sk-1", idleTimeout: "60 seconds" })
      const live = yield* liveOn(provider)
      const events = yield* listen(live)
      state.kimi = { apiKey: "sk-1", idleTimeout: "1 minute" }
      assert.deepStrictEqual(yield* live.reload, [])
      yield* Effect.yieldNow
      assert.deepStrictEqual(events, [])
    })
  )

  it.effect("keeps the previous configuration when a change is invalid", () =>
    Effect.gen(function* () {
      const { provider, state } = changing({ apiKey: "sk-1", model: "a" })
      const live = yield* liveOn(provider)
      const events = yield* listen(live)
      const before = yield* live.current
      state.kimi = { apiKey: "two words", model: "b", maxAttempts: 0, prices: { models: 1 } }
      const names = ["kimi.apiKey", "kimi.maxAttempts", "kimi.prices.models"]
      for (let again = 0; again < 3; again++) {
        const error = yield* Effect.flip(live.reload)
        assert.sameMembers(
          error.issues.map(({ name }) => name),
          [...names]
        )
        assert.strictEqual(yield* live.current, before)
      }
      // Invalid in another way: a new event.
      state.kimi = { apiKey: "sk-1", idleTimeout: "soon" }
      yield* Effect.flip(live.reload)
      state.kimi = { apiKey: "sk-1", model: "c" }
      yield* live.reload
      // The same problem again after a valid configuration: a new event.
      state.kimi = { apiKey: "sk-1", idleTimeout: "soon" }
      yield* Effect.flip(live.reload)
      yield* Effect.yieldNow
      assert.deepStrictEqual(
        events.map((event) => (event._tag === "Rejected" ? event.issues.map(({ name }) => name) : event.changed)),
        [names, ["kimi.idleTimeout"], ["model"], ["kimi.idleTimeout"]]
      )
    })
  )

  it.effect("logs every event once, without secrets, at the level of the configuration", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        lines.push(`${logLevel} ${String(message)}`)
      })
      const { provider, state } = changing({ apiKey: `${canary}-1` })
      const events = yield* Effect.gen(function* () {
        const live = yield* liveOn(provider)
        const events = yield* listen(live)
        state.kimi = { apiKey: `${canary}-2`, model: "a" }
        yield* live.reload
        state.kimi = { apiKey: `${canary} 3`, baseUrl: `ftp://${canary}` }
        yield* Effect.flip(live.reload)
        yield* Effect.flip(live.reload)
        state.kimi = { apiKey: `${canary}-2`, model: "b", logLevel: "warn" }
        yield* live.reload
        state.kimi = { apiKey: `${canary}-2`, model: "c", logLevel: "warn" }
        yield* live.reload
        yield* Effect.yieldNow
        return events
      }).pipe(Effect.provide(Logger.layer([logger])))
      assert.deepStrictEqual(lines, [
        "Info The configuration changed: apiKey, model",
        [
          "Warn A configuration change was rejected, and the previous configuration stays in use:",
          "  kimi.apiKey: expected an API key of visible ASCII characters without spaces",
          "  kimi.baseUrl: expected an http or https URL without user, query and fragment"
        ].join("\n")
      ])
      assert.strictEqual(events.length, 4)
      for (const text of [...lines, ...printed(events)]) assert.notInclude(text, "canary")
    })
  )

  it.effect("set: overrides options of the source until they are set to undefined", () =>
    Effect.gen(function* () {
      const { provider, state } = changing({ apiKey: "sk-1", model: "a" })
      const live = yield* liveOn(provider)
      assert.deepStrictEqual(yield* live.set({ model: "mine" }), ["model"])
      assert.deepStrictEqual(yield* live.set({ apiKey: Redacted.make("sk-9") }), ["apiKey"])
      state.kimi = { apiKey: "sk-2", model: "b", maxAttempts: 3 }
      assert.deepStrictEqual(yield* live.reload, ["maxAttempts"])
      assert.strictEqual(yield* modelOf(live), "mine")
      const error = yield* Effect.flip(live.set({ model: "other", maxAttempts: -1 }))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["maxAttempts"]
      )
      // Nothing of a rejected change remains.
      assert.deepStrictEqual(yield* live.set({}), [])
      assert.deepStrictEqual(yield* live.set({ model: undefined }), ["model"])
      assert.strictEqual(yield* modelOf(live), "b")
    })
  )

  it.effect("layer: uses options given in code", () =>
    Effect.gen(function* () {
      const live = Context.get(
        yield* Layer.build(LiveConfig.layer({ apiKey: Redacted.make("sk-1"), model: "a" })),
        LiveConfig.LiveConfig
      )
      assert.deepStrictEqual(yield* live.reload, [])
      assert.deepStrictEqual(yield* live.set({ model: "b" }), ["model"])
      assert.deepStrictEqual(yield* live.set({ model: undefined }), ["model"])
    })
  )

  it.effect("reads the source at the interval until the scope closes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { provider, state } = changing({ apiKey: "sk-1", model: "a" })
      const live = yield* Scope.provide(liveOn(provider, {}, { interval: "10 seconds" }), scope)
      state.kimi = { apiKey: "sk-1", model: 1, maxAttempts: 0 }
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual(state.reads, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(state.reads, 2)
      assert.strictEqual(yield* modelOf(live), "a")
      state.kimi = { apiKey: "sk-1", model: "b" }
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* modelOf(live), "b")
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(state.reads, 3)
    })
  )

  it.effect("rejects an interval below a millisecond", () =>
    Effect.gen(function* () {
      for (const every of [0, -1, "0 seconds", "900 micros"] as const) {
        const error = yield* Effect.flip(liveOn(json({ apiKey: "sk-1" }), {}, { interval: every }))
        assert.deepStrictEqual(error.issues, [
          { name: "interval", expected: "a finite duration of a millisecond or more" }
        ])
      }
      yield* liveOn(json({ apiKey: "sk-1" }), {}, { interval: "Infinity" })
    })
  )

  it.effect("withPrices: provides the current prices", () =>
    Effect.gen(function* () {
      const price = { model: "kimi-k3", provider: "together", currency: "USD", cacheMiss: "1", output: "2" } as const
      const output = Effect.map(
        PriceTable.PriceTable,
        (table) => table.model("kimi-k3", "together", "2026-11-23")?.output
      )
      const inCode = yield* PriceTable.make({ models: [{ ...price, output: "9" }] })
      yield* Effect.gen(function* () {
        const live = yield* LiveConfig.LiveConfig
        const before = yield* LiveConfig.withPrices(output)
        yield* live.set({ prices: { models: [price] } })
        assert.strictEqual(yield* LiveConfig.withPrices(output), "2")
        assert.notStrictEqual(before, "2")
        const own = Effect.provideService(LiveConfig.withPrices(output), PriceTable.PriceTable, inCode)
        assert.strictEqual(yield* own, "9")
      }).pipe(Effect.provide(LiveConfig.layer({ apiKey: Redacted.make("sk-1") })))
    })
  )
})
