import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { env, json, namesOf, read, refused } from "./support/config.ts"

describe("the tier of KimiConfig", () => {
  it.effect("is a text or a JSON number from 0 to 5", () =>
    Effect.gen(function* () {
      const apiKey = "sk-1"
      for (const tier of [0, 1, 2, 3, 4, 5]) {
        assert.strictEqual((yield* read(env({ KIMI_API_KEY: apiKey, KIMI_TIER: `${tier}` }))).tier, tier)
        assert.strictEqual((yield* read(json({ apiKey, tier }))).tier, tier)
        assert.strictEqual((yield* read(json({ apiKey, tier: `${tier}` }))).tier, tier)
      }
    })
  )

  it.effect("refuses any other value", () =>
    Effect.gen(function* () {
      const apiKey = "sk-1"
      for (const tier of ["6", "-1", "2.5", "two", "Infinity", "NaN"]) {
        assert.deepStrictEqual(namesOf(yield* refused(env({ KIMI_API_KEY: apiKey, KIMI_TIER: tier }))), ["KIMI_TIER"])
        assert.deepStrictEqual(namesOf(yield* refused(json({ apiKey, tier }))), ["kimi.tier"], tier)
      }
      for (const tier of [6, -1, 2.5, true, [2]]) {
        assert.deepStrictEqual(namesOf(yield* refused(json({ apiKey, tier }))), ["kimi.tier"], String(tier))
      }
    })
  )
})
