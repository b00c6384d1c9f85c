import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { ConfigurationError } from "../../src/errors/ConfigurationErrors.ts"
import * as KimiConfig from "../../src/KimiConfig.ts"
import * as Hedge from "../../src/resilience/Hedge.ts"
import { call, elapse, scripted } from "./support/hedge.ts"

describe("the options of Hedge", () => {
  it.effect("reports all invalid options at once", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Hedge.make({
          delay: "0 seconds",
          percentile: 1.01,
          minimumSamples: 129,
          minimumDelay: -1,
          responseDelay: "Infinity",
          budget: { ratio: Number.NaN, capacity: 0.5 }
        })
      )
      assert.instanceOf(error, ConfigurationError)
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        [
          "Hedge delay",
          "Hedge minimumDelay",
          "Hedge responseDelay",
          "Hedge percentile",
          "Hedge minimumSamples",
          "Hedge budget.ratio",
          "Hedge budget.capacity"
        ]
      )
    })
  )

  it.effect("requires an option that defines when a call is late", () =>
    Effect.gen(function* () {
      for (const options of [
        {},
        { minimumDelay: "1 second", minimumSamples: 5, budget: { ratio: 1, capacity: 100 } }
      ] as const) {
        const error = yield* Effect.flip(Hedge.make(options))
        assert.deepStrictEqual(error.issues, [
          { name: "Hedge delay", expected: "a duration, unless percentile or responseDelay is given" }
        ])
      }
    })
  )

  it.effect("refuses numbers out of bounds", () =>
    Effect.gen(function* () {
      for (const options of [
        { percentile: -0.01 },
        { percentile: Number.NaN },
        { delay: Number.NaN },
        { delay: Number.POSITIVE_INFINITY },
        { percentile: 0.5, minimumSamples: 0 },
        { percentile: 0.5, minimumSamples: 1.5 },
        { delay: 1, budget: { ratio: 1.01 } },
        { delay: 1, budget: { ratio: -0.01 } },
        { delay: 1, budget: { capacity: Number.POSITIVE_INFINITY } }
      ] satisfies ReadonlyArray<Hedge.Options>) {
        assert.strictEqual((yield* Effect.flip(Hedge.make(options))).issues.length, 1, JSON.stringify(options))
      }
    })
  )

  it.effect("accepts the bounds themselves", () =>
    Effect.gen(function* () {
      for (const percentile of [0, 1]) yield* Hedge.make({ percentile, minimumSamples: 1 })
      yield* Hedge.make({ percentile: 0.5, minimumSamples: 128, budget: { ratio: 1, capacity: 1 } })
      yield* Hedge.make({ delay: undefined, percentile: 0.5, budget: { ratio: 0, capacity: undefined } })
    })
  )

  it.effect("describes its options", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* Hedge.make({ delay: "2 seconds" })).options, {
        after: "2s",
        budget: "0.05 of calls and 10 at once"
      })
      const full = yield* Hedge.make({
        percentile: 0.95,
        minimumDelay: "200 millis",
        responseDelay: "1 minute",
        budget: { ratio: 0.1, capacity: undefined }
      })
      assert.deepStrictEqual(full.options, {
        percentile: "0.95 of 20 or more, at least 200ms",
        "response after": "1m",
        budget: "0.1 of calls and 10 at once"
      })
    })
  )

  it.effect("is provided by a layer", () =>
    Effect.gen(function* () {
      const on = yield* Effect.provide(Hedge.Hedge, Hedge.layer({ delay: "20 millis" }))
      const late = scripted({ first: 21 })
      yield* elapse(Stream.runDrain(on.stream(late.stream)(call)))
      assert.strictEqual(late.opened(), 2)
    })
  )

  it.effect("fails the layer with invalid options", () =>
    Effect.gen(function* () {
      assert.instanceOf(
        yield* Effect.flip(Effect.provide(Hedge.Hedge, Hedge.layer({ percentile: 2 }))),
        ConfigurationError
      )
    })
  )

  it.effect("hedges nothing if it is off", () =>
    Effect.gen(function* () {
      const off = yield* Effect.provide(Hedge.Hedge, Hedge.layerOff)
      const script = scripted({})
      assert.strictEqual(off.stream(script.stream), script.stream)
      assert.strictEqual(off.effect(script.plain), script.plain)
      assert.deepStrictEqual(off.options, { is: "off" })
      assert.deepStrictEqual(yield* off.state, { calls: 0, hedges: 0, hedgeWins: 0, refused: 0, tokens: 0 })
    })
  )
})

describe("the configuration of Hedge", () => {
  const { defaults } = KimiConfig

  it("hedges no calls by default", () => {
    assert.isUndefined(Hedge.optionsFromConfig(defaults))
  })

  it("hedges calls with any of the options that define when one is late", () => {
    const second = Duration.seconds(1)
    const common = {
      minimumSamples: defaults.hedgeMinimumSamples,
      minimumDelay: defaults.hedgeMinimumDelay,
      budget: { ratio: defaults.hedgeRatio, capacity: defaults.hedgeCapacity }
    }
    const none = { delay: undefined, percentile: undefined, responseDelay: undefined }
    const optionsOf = (members: Partial<KimiConfig.Values>) => Hedge.optionsFromConfig({ ...defaults, ...members })
    assert.deepStrictEqual(optionsOf({ hedgeDelay: second }), { ...common, ...none, delay: second })
    assert.deepStrictEqual(optionsOf({ hedgePercentile: 0.9 }), { ...common, ...none, percentile: 0.9 })
    assert.deepStrictEqual(optionsOf({ hedgeResponseDelay: second }), { ...common, ...none, responseDelay: second })
  })

  it.effect("is described by the expected form of each option", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Hedge.make({ delay: 1, percentile: 2, minimumSamples: 0, budget: { ratio: 2, capacity: 0.5 } })
      )
      assert.deepStrictEqual(
        error.issues.map(({ expected }) => expected),
        [
          "a number from 0 to 1, such as 0.95",
          "a whole number from 1 to 128, the number of recorded latencies",
          "a number from 0 to 1, such as 0.05",
          "a number that is at least 1"
        ]
      )
    })
  )

  it.effect("allows no budget whose tokens cannot be counted", () =>
    Effect.gen(function* () {
      const capacity = Number.MAX_SAFE_INTEGER / 1_000
      const error = yield* Effect.flip(Hedge.make({ delay: 1, budget: { capacity } }))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["Hedge budget.capacity"]
      )
    })
  )

  it.effect("names its stage", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Hedge.make({ delay: "1 second" })).name, "hedge")
    })
  )
})
