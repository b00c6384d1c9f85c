import { assert, describe, it } from "@effect/vitest"
import * as Cost from "@kimi-effect/core/Cost"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import { fromTokens } from "@kimi-effect/core/Usage"
import { Effect, Option } from "effect"
import { BatchUsage } from "../../../../src/batch/internal/host/BatchUsage.ts"

const prices = PriceTable.make({
  models: [
    { model: "cheap", provider: "host", currency: "USD", cacheMiss: "1", output: "1", cacheWrite1h: "5" },
    { model: "dear", provider: "host", currency: "USD", cacheMiss: "2", output: "2" }
  ],
  batches: [{ provider: "host", factor: "0.5" }]
})

const million = fromTokens(1_000_000, 0)

/** The cost of rows that asked for the cheap model. */
const costOf = (...rows: ReadonlyArray<Cost.BillableUsage>) =>
  Effect.map(prices, (table) => {
    const usage = new BatchUsage()
    for (const row of rows) usage.add({ outcome: "succeeded", isEstimate: false, model: "cheap" }, row)
    const cost = usage.cost({ provider: "host", day: "2026-11-28" }, table)
    return cost && Option.getOrUndefined(Option.map(cost, Cost.format))
  })

describe("BatchUsage", () => {
  it.effect("sums up the prices of the models that the host names", () =>
    Effect.gen(function* () {
      const dear = { ...million, servedModel: "dear" }
      assert.strictEqual(yield* costOf(million, dear, million, dear), "$3")
    })
  )

  it.effect("counts what was written to the cache for an hour", () =>
    Effect.gen(function* () {
      const written = { ...million, cache_write_tokens: 1_000_000, oneHourCacheWrites: 1_000_000 }
      assert.strictEqual(yield* costOf(written, million, written), "$5.5")
    })
  )
})
