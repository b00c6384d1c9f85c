import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "../../src/KimiConfig.ts"
import { limitsFromConfig } from "../../src/resilience/Admission.ts"
import { scale, tiers } from "../../src/resilience/RateLimits.ts"

describe("RateLimits", () => {
  it("has Moonshot's tiers 0 to 5", () => {
    assert.deepStrictEqual(
      tiers.map((tier) => [
        tier.concurrency,
        tier.requestsPerMinute,
        tier.tokensPerMinute,
        "tokensPerDay" in tier ? tier.tokensPerDay : undefined
      ]),
      [
        [1, 3, 500_000, 1_500_000],
        [50, 200, 2_000_000, undefined],
        [100, 500, 3_000_000, undefined],
        [200, 5_000, 3_000_000, undefined],
        [400, 5_000, 4_000_000, undefined],
        [1_000, 10_000, 5_000_000, undefined]
      ]
    )
  })

  it("rounds a fraction of the limits down to at least one", () => {
    assert.deepStrictEqual(scale({ concurrency: 1, requestsPerMinute: 7, tokensPerMinute: 1_000 }, 0.5), {
      concurrency: 1,
      requestsPerMinute: 3,
      tokensPerMinute: 500,
      tokensPerDay: undefined
    })
    assert.deepStrictEqual(scale({ tokensPerDay: 1_500_000 }, 1 / 3), {
      concurrency: undefined,
      requestsPerMinute: undefined,
      tokensPerMinute: undefined,
      tokensPerDay: 500_000
    })
  })

  it("are those of the tier of a configuration overridden by its own limits", () => {
    const nothing = {
      concurrency: undefined,
      requestsPerMinute: undefined,
      tokensPerMinute: undefined,
      tokensPerDay: undefined
    }
    assert.deepStrictEqual(limitsFromConfig(KimiConfig.defaults), nothing)
    assert.deepStrictEqual(limitsFromConfig({ ...KimiConfig.defaults, tier: 0 }), tiers[0])
    assert.deepStrictEqual(limitsFromConfig({ ...KimiConfig.defaults, tier: 5 }), { ...nothing, ...tiers[5] })
    const own = { maxConcurrency: 2, requestsPerMinute: 3, tokensPerMinute: 4, tokensPerDay: 5 }
    assert.deepStrictEqual(limitsFromConfig({ ...KimiConfig.defaults, tier: 0, ...own }), {
      concurrency: 2,
      requestsPerMinute: 3,
      tokensPerMinute: 4,
      tokensPerDay: 5
    })
    assert.deepStrictEqual(limitsFromConfig({ ...KimiConfig.defaults, tokensPerDay: 5 }), {
      ...nothing,
      tokensPerDay: 5
    })
  })
})
