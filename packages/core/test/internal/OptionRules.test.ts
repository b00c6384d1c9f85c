import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Duration, Effect, Exit, Layer } from "effect"
import { ConfigurationError } from "../../src/errors/ConfigurationErrors.ts"
import * as OptionRules from "../../src/internal/OptionRules.ts"

const kept = ([, isMet]: OptionRules.Rule): boolean => isMet

describe("OptionRules", () => {
  it("bounds durations by their purpose", () => {
    const inputs = [0, "1 nano", 1, "1 second", Duration.infinity, -1]
    const table = [OptionRules.finiteDuration, OptionRules.positiveDuration, OptionRules.millisecondDuration].map(
      (rule) => inputs.map((input) => kept(rule("wait", input as Duration.Input)))
    )
    assert.deepStrictEqual(table, [
      [true, true, true, true, false, false],
      [false, true, true, true, false, false],
      [false, false, true, true, false, false]
    ])
  })

  it("rejects durations that cannot be parsed", () => {
    const input = "soon" as Duration.Input
    for (const rule of [OptionRules.finiteDuration, OptionRules.positiveDuration, OptionRules.millisecondDuration]) {
      assert.isFalse(kept(rule("wait", input)))
    }
    assert.deepStrictEqual(OptionRules.durationOf(input), Duration.zero)
    assert.deepStrictEqual(OptionRules.durationOf("1 second"), Duration.seconds(1))
  })

  it("accepts only whole numbers over zero as counts", () => {
    assert.deepStrictEqual(
      [1, 2 ** 53 - 1, 0, -1, 1.5, 2 ** 53, Infinity, Number.NaN].map((value) =>
        kept(OptionRules.positiveInteger("size", value))
      ),
      [true, true, false, false, false, false, false, false]
    )
  })

  it("bounds bytes on both sides", () => {
    assert.deepStrictEqual(
      [3, 4, 8, 9, 4.5, Number.NaN].map((value) => kept(OptionRules.bytes("size", value, 4, 8))),
      [false, true, true, false, false, false]
    )
    assert.deepStrictEqual(
      [0, 1, 2 ** 53].map((value) => kept(OptionRules.bytes("size", value))),
      [false, true, false]
    )
  })

  it("accepts fractions up to 1", () => {
    assert.deepStrictEqual(
      [0, 0.1, 1, 1.1, Number.NaN].map((value) => kept(OptionRules.fraction("share", value))),
      [false, true, true, false, false]
    )
  })

  it.effect("names every option that violates a rule, under its owner, unless it is omitted", () =>
    Effect.gen(function* () {
      const leftOut = [
        OptionRules.positiveDuration("a", undefined),
        OptionRules.millisecondDuration("b", undefined),
        OptionRules.finiteDuration("c", undefined),
        OptionRules.positiveInteger("d", undefined),
        OptionRules.bytes("e", undefined),
        OptionRules.fraction("f", undefined)
      ]
      yield* OptionRules.check("Store", leftOut)
      const error = yield* Effect.flip(
        OptionRules.check("Store", [
          ...leftOut,
          OptionRules.positiveDuration("timeout", 0),
          OptionRules.positiveInteger("retries", 1),
          OptionRules.bytes("maxBytes", 0)
        ])
      )
      assert.deepStrictEqual(error.issues, [
        { name: "Store timeout", expected: 'a finite duration over zero, such as "30 seconds"' },
        { name: "Store maxBytes", expected: "a finite whole number of bytes, at least 1" }
      ])
    })
  )

  it("finds the first option whose name does not exist", () => {
    const names = { timeout: true, limit: true }
    for (const given of [undefined, {}, { timeout: 1 }, { other: undefined }]) {
      assert.isUndefined(OptionRules.unknownName(given, names))
    }
    assert.deepStrictEqual(OptionRules.unknownName({ limit: 1, timeuot: 2, other: 3 }, names), [
      "timeuot",
      false,
      "a known option; did you mean timeout?"
    ])
  })

  it("asks for an object in place of a text, of a list or of a number", () => {
    for (const json of ['"sk-0123456789"', "[1]", "1"]) {
      const rules = OptionRules.knownNames(JSON.parse(json), { timeout: true })
      assert.deepStrictEqual(rules, [["options", false, "an object of options"]], json)
    }
  })

  it.effect("gives empty options to a layer that gets none", () =>
    Effect.gen(function* () {
      const Options = Context.Service<object>("Options")
      const layer = (options: object | null | undefined) =>
        OptionRules.layerOf("Owner", options, (known) => Layer.succeed(Options, known))
      for (const none of [undefined, null]) {
        assert.deepStrictEqual(Context.get(yield* Layer.build(layer(none)), Options), {})
      }
      const text = yield* Effect.flip(Layer.build(layer(JSON.parse('"x"'))))
      assert.deepStrictEqual(text.issues, [{ name: "Owner options", expected: "an object of options" }])
    })
  )

  it.effect("ends a layer that has no error with a configuration error as a defect", () =>
    Effect.gen(function* () {
      const layer = OptionRules.layerOrDie("Owner", JSON.parse('"x"'), () => Layer.empty)
      const exit = yield* Effect.exit(Layer.build(layer))
      assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof ConfigurationError)
    })
  )
})
