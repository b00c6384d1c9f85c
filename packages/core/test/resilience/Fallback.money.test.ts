import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Stream } from "effect"
import { classes } from "../../src/errors/KimiError.ts"
import { answer, chat, step, stream } from "./support/fallback.ts"

const overloaded = new classes.OverloadedError({ message: "overloaded" })
const down = new classes.ServiceUnavailableError({ message: "down" })
const unpriced = new classes.UnknownPriceError({ message: "not known; nothing was sent" })
const amount = BigDecimal.fromBigInt(1n)
const exceeded = new classes.BudgetExceededError({
  message: "too much; nothing was sent",
  scope: "total",
  currency: "USD",
  cap: amount,
  spent: amount,
  reserved: amount,
  requested: amount
})
const unreachable = new classes.BudgetStoreError({ message: "no store", store: "redis", operation: "reserve" })

describe("a step that the budget refuses", () => {
  it.effect("is skipped in favor of the next one", () =>
    Effect.gen(function* () {
      for (const refusal of [unpriced, exceeded, unreachable]) {
        const script = { "a/kimi-k2.6": overloaded, "b/kimi-k2.6": refusal }
        const { places, run } = chat([step("b"), step("c")], script)
        assert.strictEqual(yield* run, answer)
        assert.deepStrictEqual(places(), ["a/kimi-k2.6", "b/kimi-k2.6", "c/kimi-k2.6"])
      }
    })
  )

  it.effect("is skipped in a stream", () =>
    Effect.gen(function* () {
      const { log, run } = stream([step("b"), step("c")], {
        "a/kimi-k2.6": { error: overloaded },
        "b/kimi-k2.6": { events: [], error: unpriced }
      })
      yield* Stream.runDrain(run)
      assert.deepStrictEqual(
        log.filter((line) => line.startsWith("open")),
        ["open a/kimi-k2.6", "open b/kimi-k2.6", "open c/kimi-k2.6"]
      )
    })
  )

  it.effect("is one of the attempts of the host's error when nothing else helps", () =>
    Effect.gen(function* () {
      const { run } = chat([step("b"), step("c"), step("d")], {
        "a/kimi-k2.6": overloaded,
        "b/kimi-k2.6": unpriced,
        "c/kimi-k2.6": down,
        "d/kimi-k2.6": exceeded
      })
      const error = yield* Effect.flip(run)
      assert.strictEqual(error._tag, "ServiceUnavailableError")
      assert.strictEqual(error.message, "down")
      assert.deepStrictEqual(
        error.attempts?.map(({ isPossiblyBilled, provider, tag }) => [tag, provider, isPossiblyBilled]),
        [
          ["OverloadedError", "moonshot", false],
          ["UnknownPriceError", "host of b", false],
          ["ServiceUnavailableError", "host of c", false],
          ["BudgetExceededError", "host of d", false]
        ]
      )
    })
  )

  it.effect("constrains no later step, not even one at the same account", () =>
    Effect.gen(function* () {
      const { places, run } = chat([step("b"), step("b/kimi-k3")], {
        "a/kimi-k2.6": overloaded,
        "b/kimi-k2.6": exceeded
      })
      assert.strictEqual(yield* run, answer)
      assert.deepStrictEqual(places(), ["a/kimi-k2.6", "b/kimi-k2.6", "b/kimi-k3"])
    })
  )

  it.effect("may be named by a later step, as the host's error may", () =>
    Effect.gen(function* () {
      for (const tag of ["UnknownPriceError", "OverloadedError"] as const) {
        const script = { "a/kimi-k2.6": overloaded, "b/kimi-k2.6": unpriced }
        const { places, run } = chat([step("b"), step("c", { on: [tag] })], script)
        assert.strictEqual(yield* run, answer)
        assert.strictEqual(places().at(-1), "c/kimi-k2.6")
      }
    })
  )
})

describe("a retry that the budget refuses", () => {
  const fact = (tag: string) => ({ tag, startedAt: 0, duration: 0, delay: 0, isPossiblyBilled: false })
  const refusedRetry = new classes.BudgetExceededError({
    ...exceeded,
    message: "too much",
    attempts: [fact("OverloadedError"), fact("BudgetExceededError")]
  })

  it.effect("ends a call of the first account", () =>
    Effect.gen(function* () {
      const own = chat([step("b")], { "a/kimi-k2.6": refusedRetry })
      assert.strictEqual(yield* Effect.flip(own.run), refusedRetry)
      assert.deepStrictEqual(own.places(), ["a/kimi-k2.6"])
    })
  )

  it.effect("moves a step as the host's error before it would have", () =>
    Effect.gen(function* () {
      const { places, run } = chat([step("b"), step("b/kimi-k3"), step("c")], {
        "a/kimi-k2.6": overloaded,
        "b/kimi-k2.6": refusedRetry
      })
      assert.strictEqual(yield* run, answer)
      // An overloaded account is not called again.
      assert.deepStrictEqual(places(), ["a/kimi-k2.6", "b/kimi-k2.6", "c/kimi-k2.6"])
    })
  )

  it.effect("is not a reason for a step", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Effect.flip(chat([step("b")], { "a/kimi-k2.6": exceeded }).run), exceeded)
    })
  )
})
