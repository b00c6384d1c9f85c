import { assert, describe, it } from "@effect/vitest"
import * as Usage from "@kimi-effect/core/Usage"
import * as Cost from "@kimi-effect/core/Cost"
import * as Fixtures from "@kimi-effect/testing/node/Fixtures"
import { BigDecimal, Option, Schema } from "effect"
import { decode } from "./support/sse.ts"

const Body = Schema.Struct({ model: Schema.String, usage: Usage.WireUsage })
const bodyOf = Schema.decodeUnknownSync(Body)

const digits = (amount: BigDecimal.BigDecimal): string => BigDecimal.format(BigDecimal.normalize(amount))

/** All parts of the cost of a usage of Moonshot's global host on a day. */
const costOf = (model: string, usage: Usage.Usage, day: string) =>
  Option.getOrUndefined(
    Option.map(Cost.of(usage, { model, provider: "moonshot", day }), (cost) => ({
      cached: digits(cost.cachedInput),
      uncached: digits(cost.uncachedInput),
      output: digits(cost.output),
      total: digits(cost.total),
      saved: digits(cost.saved)
    }))
  )

const usageOf = (name: Fixtures.SseName, model: string) =>
  decode([Fixtures.sse(name)], { model }).events.find((event) => event._tag === "Usage")?.usage

const Tail = Schema.fromJsonString(
  Schema.Struct({ choices: Schema.Tuple([Schema.Struct({ usage: Usage.WireUsage })]) })
)

/** Only the tail was recorded, which is not content, so it has no event. */
const usageInTail = (name: Fixtures.SseName) => {
  const [line = ""] = Fixtures.sse(name).split("\n")
  return Usage.fromWire(Schema.decodeUnknownSync(Tail)(line.slice("data: ".length)).choices[0].usage)
}

describe("the cost of recorded answers, to the last digit", () => {
  // Dollars per million tokens of kimi-k3: 0.30 cached, 3.00 not cached, 15.00 generated.
  const plain = [
    // 93 x 3 = 279; 16 x 15 = 240 (13 of them reasoning, which is not added)
    [
      "plain-01-length-empty-content",
      { cached: "0", uncached: "0.000279", output: "0.00024", total: "0.000519", saved: "0" }
    ],
    // 93 x 3 = 279; 47 x 15 = 705
    [
      "plain-02-stop-uncached",
      { cached: "0", uncached: "0.000279", output: "0.000705", total: "0.000984", saved: "0" }
    ],
    // 88 x 0.3 = 26.4; 196 x 15 = 2940; 88 x (3 - 0.3) = 237.6 saved
    [
      "plain-03-reasoning-cached",
      { cached: "0.0000264", uncached: "0", output: "0.00294", total: "0.0029664", saved: "0.0002376" }
    ],
    // 268 x 3 = 804; 125 x 15 = 1875
    ["plain-04-tool-calls", { cached: "0", uncached: "0.000804", output: "0.001875", total: "0.002679", saved: "0" }]
  ] as const

  for (const [name, expected] of plain) {
    it(name, () => {
      const { body, recorded_at } = Fixtures.exchange(name)
      const { model, usage } = bodyOf(body)
      assert.deepStrictEqual(costOf(model, Usage.fromWire(usage), recorded_at.slice(0, 10)), expected)
    })
  }

  it("all four plain answers together cost 0.71 cents", () => {
    // 519 + 984 + 2966.4 + 2679 = 7148.4 millionths
    const total = BigDecimal.sumAll(plain.map(([, { total }]) => BigDecimal.fromStringUnsafe(total)))
    assert.strictEqual(digits(total), "0.0071484")
  })

  const streams = [
    // kimi-k3: 113 x 3 = 339; 157 x 15 = 2355
    [
      "stream-01-include-usage",
      "kimi-k3",
      { cached: "0", uncached: "0.000339", output: "0.002355", total: "0.002694", saved: "0" }
    ],
    // kimi-k2-turbo-preview, 0.15 / 1.15 / 8.00: 8 x 0.15 = 1.2; 11 x 8 = 88; 8 x (1.15 - 0.15) = 8 saved
    [
      "stream-02-usage-in-choice-turbo-tail",
      "kimi-k2-turbo-preview",
      { cached: "0.0000012", uncached: "0", output: "0.000088", total: "0.0000892", saved: "0.000008" }
    ],
    // kimi-k2.7-code, 0.19 / 0.95 / 4.00: 21 x 0.19 = 3.99; 60 x 4 = 240; 21 x (0.95 - 0.19) = 15.96 saved
    [
      "stream-03-k2.7-code-details-in-choice",
      "kimi-k2.7-code",
      { cached: "0.00000399", uncached: "0", output: "0.00024", total: "0.00024399", saved: "0.00001596" }
    ]
  ] as const

  for (const [name, model, expected] of streams) {
    it(name, () => {
      const usage = name === "stream-02-usage-in-choice-turbo-tail" ? usageInTail(name) : usageOf(name, model)
      assert.isDefined(usage)
      assert.deepStrictEqual(costOf(model, usage, "2026-05-01"), expected)
    })
  }
})
