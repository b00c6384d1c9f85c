/** Whether `kimi doctor` finds that a budget can count no call. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { diagnose, problemsOf } from "../doctorSetUp.ts"

const found = (env: { readonly [name: string]: string }) => diagnose(() => Effect.succeed(env))

describe("kimi doctor", () => {
  it.live("names a budget in another currency than the prices of the host", () =>
    Effect.gen(function* () {
      const { checks, code } = yield* found({ KIMI_BUDGET: "5 CNY per day" })
      assert.strictEqual(code, 1)
      const budget = checks.find(({ status }) => status === "problem")
      assert.match(
        budget?.message ?? "",
        /^Every call is refused: The price of kimi-k3 at moonshot is in USD, in which/
      )
      assert.strictEqual(budget?.fix, "Set the cap in USD, the currency of the price, and not in CNY alone.")
    })
  )

  it.live("names a budget for a model without a price", () =>
    Effect.gen(function* () {
      const { checks } = yield* found({ KIMI_BUDGET: "5 USD per day", KIMI_MODEL: "house-model" })
      const budget = checks.find(({ name }) => name === "budget")
      assert.strictEqual(budget?.message, "Every call is refused: The price of house-model at moonshot is not known")
    })
  )

  it.live("accepts a model without a price where a budget allows it", () =>
    Effect.gen(function* () {
      const { checks } = yield* found({
        KIMI_BUDGET: "5 CNY per day",
        KIMI_BUDGET_ON_UNKNOWN_PRICE: "allow"
      })
      assert.deepStrictEqual(problemsOf(checks), [])
    })
  )

  it.live("warns of a cap below the worst-case cost of a call without a limit of its tokens", () =>
    Effect.gen(function* () {
      const { checks, code } = yield* found({ KIMI_BUDGET: "1 USD per month" })
      assert.strictEqual(code, 0)
      assert.match(
        problemsOf(checks).join("\n"),
        /^budget: A call without max_completion_tokens is refused: The worst-case cost of the call, \$1\.\d+, exceeds what remains under the cap of month:[\d-]+$/
      )
    })
  )

  it.live("finds no problem in a cap below it where budgetDefaultOutputTokens is set", () =>
    Effect.gen(function* () {
      const { checks } = yield* found({ KIMI_BUDGET: "1 USD", KIMI_BUDGET_DEFAULT_OUTPUT_TOKENS: "1000" })
      assert.deepStrictEqual(problemsOf(checks), [])
    })
  )

  it.live("names a cap below the cost of the shortest call", () =>
    Effect.gen(function* () {
      const { checks, code } = yield* found({ KIMI_BUDGET: "0 USD" })
      assert.strictEqual(code, 1)
      assert.match(problemsOf(checks).join("\n"), /^budget: Every call is refused: .*under the cap of total$/)
    })
  )

  it.live("warns of a step of a fallback that a budget will skip", () =>
    Effect.gen(function* () {
      const { checks, code } = yield* found({ KIMI_BUDGET: "5 USD per day", KIMI_FALLBACK: "house-model" })
      assert.strictEqual(code, 0)
      assert.include(
        problemsOf(checks),
        "budget: Step 1 of the fallback is skipped: The price of house-model at moonshot is not known"
      )
    })
  )
})
