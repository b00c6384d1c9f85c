import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Result, type Scope } from "effect"
import * as CacheEnvelope from "../src/cache/internal/envelope/CacheEnvelope.ts"
import * as ResponseCache from "../src/cache/ResponseCache.ts"
import type { ConfigurationError } from "../src/errors/ConfigurationErrors.ts"
import * as Budget from "../src/money/Budget.ts"
import * as PriceTable from "../src/money/PriceTable.ts"
import * as CallLog from "../src/observability/CallLog.ts"
import * as HealthSettings from "../src/observability/HealthSettings.ts"
import * as Logging from "../src/observability/Logging.ts"
import * as Observer from "../src/observability/Observer.ts"
import * as Redis from "../src/Redis.ts"
import * as Admission from "../src/resilience/Admission.ts"
import * as CircuitBreaker from "../src/resilience/CircuitBreaker.ts"
import * as Hedge from "../src/resilience/Hedge.ts"
import * as RetryBudget from "../src/resilience/RetryBudget.ts"

/** The names of the issues; a defect or a success fails the test. */
const namesOf = <A>(effect: Effect.Effect<A, ConfigurationError, Scope.Scope>) =>
  Effect.map(Effect.flip(Effect.scoped(effect)), ({ issues }) => issues.map(({ name }) => name))

const layerNamesOf = <A>(layer: Layer.Layer<A, ConfigurationError>) => namesOf(Layer.build(layer))

/** Options from an untyped program. */
const untyped = (json: string) => JSON.parse(json)

const cap = { amount: "1", currency: "USD" } as const

describe("invalid options", () => {
  it.effect("of a retry budget fail: one without a number would permit every retry", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* layerNamesOf(
          RetryBudget.layer({ capacity: Number.NaN, cost: 0, ambiguousCost: -1, reward: Number.POSITIVE_INFINITY })
        ),
        ["capacity", "cost", "ambiguousCost", "reward"].map((name) => `RetryBudget ${name}`)
      )
      assert.deepStrictEqual(yield* (yield* RetryBudget.make({ capacity: 0, reward: 0 })).state, {
        tokens: 0,
        capacity: 0
      })
    })
  )

  it.effect("of an observer fail: without an interval, state metrics would be updated in a busy loop", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* layerNamesOf(Observer.layer({ interval: 0, maxLabelValues: -1, maxSeries: Number.NaN })),
        ["interval", "maxLabelValues", "maxSeries"].map((name) => `Observer ${name}`)
      )
      assert.deepStrictEqual(yield* layerNamesOf(Observer.layer(untyped('{ "interval": "soon", "onCall": [1] }'))), [
        "Observer interval",
        "Observer onCall"
      ])
    })
  )

  it.effect("of a call log fail", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* namesOf(CallLog.make({ sample: Number.NaN, repeatLimit: { maxEvents: -1, interval: -5, maxKeys: 0 } })),
        ["sample", "repeatLimit.maxEvents", "repeatLimit.interval", "repeatLimit.maxKeys"].map(
          (name) => `CallLog ${name}`
        )
      )
      assert.deepStrictEqual(yield* namesOf(CallLog.make(untyped('{ "successLevel": "info", "sample": 0.5 }'))), [
        "CallLog sample",
        "CallLog successLevel"
      ])
      yield* Effect.scoped(CallLog.make({ sample: 10, repeatLimit: { maxEvents: 0 } }))
    })
  )

  it.effect("of a logger fail: an unknown level or a line limit that is too small would disable the log", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* layerNamesOf(Logging.layer({ maxLineBytes: Number.NaN })), ["Logging maxLineBytes"])
      assert.deepStrictEqual(
        yield* layerNamesOf(
          Logging.layer(untyped('{ "format": "xml", "level": "info", "secrets": ["sk-a"], "hiddenFields": [5] }'))
        ),
        ["format", "level", "hiddenFields", "secrets"].map((name) => `Logging ${name}`)
      )
    })
  )

  it.effect("of caps fail: a misread one would limit something else, or nothing", () =>
    Effect.gen(function* () {
      const caps = untyped(`[
        null,
        { "amount": 50, "currency": "USD" },
        { "amount": "1", "currency": "usd" },
        { "amount": "1", "currency": "USD", "per": ["year"] },
        { "amount": "1", "currency": "USD", "per": "day" },
        { "amount": "1", "currency": "USD", "only": { "user": "a" } },
        { "amount": "1", "currency": "USD", "only": { "tenant": 5 } }
      ]`)
      assert.deepStrictEqual(
        yield* layerNamesOf(Budget.layer({ caps })),
        [
          "caps[0]",
          "caps[1].amount",
          "caps[2].currency",
          "caps[3].per",
          "caps[4].per",
          "caps[5].only",
          "caps[6].only"
        ].map((name) => `Budget ${name}`)
      )
      assert.deepStrictEqual(yield* layerNamesOf(Budget.layer(untyped("{}"))), ["Budget caps"])
      assert.deepStrictEqual(yield* layerNamesOf(Budget.layer(undefined as never)), ["Budget caps"])
    })
  )

  it.effect("of caps with too many digits fail", () =>
    Effect.gen(function* () {
      const caps = ["1e999999999", "1e-999999999", "-1", "", "NaN"].map((amount) => ({ ...cap, amount }))
      const names = yield* layerNamesOf(Budget.layer({ caps }))
      assert.deepStrictEqual(
        names.filter((name) => name.endsWith("amount")),
        caps.map((_, i) => `Budget caps[${i}].amount`)
      )
    })
  )

  it.effect("of a budget fail: an unknown policy would let calls pass", () =>
    Effect.gen(function* () {
      const options = untyped(`{
        "onUnknownPrice": "free",
        "onStoreError": "yes",
        "thresholds": 0.5,
        "balance": { "currency": "usd", "timeToLive": "soon", "timeout": -1, "onError": "maybe", "read": 5 }
      }`)
      assert.sameMembers(
        [...(yield* layerNamesOf(Budget.layer({ ...options, caps: [cap] })))],
        [
          "thresholds",
          "onUnknownPrice",
          "onStoreError",
          "balance.read",
          "balance.currency",
          "balance.timeToLive",
          "balance.timeout",
          "balance.onError"
        ].map((name) => `Budget ${name}`)
      )
      assert.deepStrictEqual(yield* layerNamesOf(Budget.layer({ caps: [cap], maxScopes: Number.NaN })), [
        "BudgetStore maxScopes"
      ])
    })
  )

  it.effect("of prices fail: a price in another currency or without a model would never apply", () =>
    Effect.gen(function* () {
      const price = { model: "kimi-k3", provider: "moonshot", currency: "USD", cacheMiss: "1", output: "2" }
      const models = [
        { ...price, currency: "usd" },
        { ...price, provider: "", model: 5 },
        { ...price, output: 3 },
        { ...price, from: "2026-13-45" }
      ]
      assert.deepStrictEqual(
        yield* namesOf(PriceTable.make(untyped(JSON.stringify({ models })))),
        ["models[0].currency", "models[1].model", "models[1].provider", "models[2].output", "models[3].from"].map(
          (name) => `PriceTable ${name}`
        )
      )
      assert.deepStrictEqual(yield* namesOf(PriceTable.make(untyped('{ "models": "x", "tools": [null] }'))), [
        "PriceTable models",
        "PriceTable tools"
      ])
    })
  )

  it.effect("of a cache fail for more entries than fit", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* layerNamesOf(
          ResponseCache.layerMemory({ maxEntries: 10_000_000_000, maxBytes: Number.MAX_SAFE_INTEGER })
        ),
        ["ResponseCache maxEntries"]
      )
    })
  )

  it.effect("of a cache fail for an unknown kind of responses", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* layerNamesOf(ResponseCache.layerMemory(untyped('{ "alsoCache": "toolCalls" }'))), [
        "ResponseCache alsoCache"
      ])
    })
  )

  it.effect("of an envelope fail for an invalid key without showing it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(CacheEnvelope.make(untyped('{ "encryptionKey": "sk-canary" }')))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["CacheEnvelope encryptionKey"]
      )
      assert.notInclude(error.message, "sk-canary")
    })
  )

  it.effect("of limits fail: a misspelt one would not apply", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* namesOf(Admission.make(untyped('{ "limits": { "rpm": 5 } }'))), ["Admission rpm"])
      assert.deepStrictEqual(yield* namesOf(Admission.make(untyped('{ "limits": 2 }'))), ["Admission limits"])
      assert.deepStrictEqual(yield* namesOf(Hedge.make(untyped('{ "percentile": "0.95" }'))), ["Hedge percentile"])
    })
  )

  it.effect("of health fail: a probe that was not requested would cost money", () =>
    Effect.gen(function* () {
      const settings = untyped('{ "paidProbe": "no", "checks": [null, { "name": "", "timeout": 0 }] }')
      assert.deepStrictEqual(
        yield* layerNamesOf(HealthSettings.layer(settings)),
        ["paidProbe", "checks[0]", "checks[1].name", "checks[1].check", "checks[1].timeout"].map(
          (name) => `HealthSettings ${name}`
        )
      )
      assert.deepStrictEqual(yield* layerNamesOf(HealthSettings.layer(untyped('{ "checks": {} }'))), [
        "HealthSettings checks"
      ])
      const check = Effect.succeed({ status: "healthy", code: "Ok", message: "" } as const)
      const own = { name: "own", check }
      yield* Effect.scoped(Layer.build(HealthSettings.layer({ paidProbe: { timeToLive: "1 hour" }, checks: [own] })))
      yield* Effect.scoped(Layer.build(HealthSettings.layer({ paidProbe: false })))
    })
  )

  it.effect("never show secrets in the error", () =>
    Effect.gen(function* () {
      const result = yield* Effect.result(
        Effect.scoped(CacheEnvelope.make({ encryptionKey: Redacted.make("sk-canary") }))
      )
      assert.isTrue(Result.isFailure(result))
      assert.notInclude(JSON.stringify(result), "sk-canary")
    })
  )
})

describe("options with unknown names", () => {
  const redis = Layer.effect(Redis.Redis, Redis.make({ send: () => Effect.die("a command was sent") }))
  const rejections = {
    circuits: [
      layerNamesOf(CircuitBreaker.layer(untyped('{ "openTime": "1 second", "slowafter": "1 second" }'))),
      ["CircuitBreaker openTime", "CircuitBreaker slowafter"]
    ],
    "shared circuits": [
      layerNamesOf(Layer.provide(CircuitBreaker.layerRedis(untyped('{ "probelease": "1 second" }')), redis)),
      ["CircuitBreaker probelease"]
    ],
    limits: [layerNamesOf(Admission.layer(untyped('{ "maxWaitTime": "1 second" }'))), ["Admission maxWaitTime"]],
    "a budget": [layerNamesOf(Budget.layer(untyped('{ "caps": [], "onStoreEror": "allow" }'))), ["Budget onStoreEror"]],
    caps: [
      layerNamesOf(Budget.layer(untyped('{ "caps": [{ "amount": "1", "currency": "USD", "tenant": "acme" }] }'))),
      ["Budget caps[0].tenant"]
    ],
    "a cache": [layerNamesOf(ResponseCache.layer(untyped('{ "ttl": "1 hour" }'))), ["ResponseCache ttl"]],
    hedging: [layerNamesOf(Hedge.layer(untyped('{ "delay": "1 second", "maxHedges": 2 }'))), ["Hedge maxHedges"]],
    "a retry budget": [layerNamesOf(RetryBudget.layer(untyped('{ "tokens": 5 }'))), ["RetryBudget tokens"]]
  } as const
  for (const [subject, [names, expected]] of Object.entries(rejections)) {
    it.effect(`are rejected by ${subject}, since the default would apply unnoticed`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* names, [...expected])
      })
    )
  }

  it.effect("are named with the option that was probably meant", () =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(
        Effect.scoped(Layer.build(CircuitBreaker.layer(untyped('{ "slowafter": "1 second" }'))))
      )
      assert.include(message, "CircuitBreaker slowafter: expected a known option; did you mean slowAfter?")
    })
  )
})
