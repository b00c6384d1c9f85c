import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
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
})
