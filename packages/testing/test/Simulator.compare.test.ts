/** Comparisons of configurations, and simulations of recorded traffic. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Comparison from "../src/simulator/Comparison.ts"
import * as Traffic from "../src/simulator/Traffic.ts"
import * as Simulator from "../src/Simulator.ts"

const start = Date.parse("2026-11-20T08:00:00Z")

/** Calls every two seconds, whose prompt has 1,000 tokens. */
const recorded = Traffic.fromCalls(
  Array.from({ length: 60 }, (_, index) => ({
    startedAt: start + index * 2_000,
    isStream: index % 2 === 0,
    model: "kimi-k3",
    promptTokens: 1_000,
    outputTokens: 100,
    tenant: index < 30 ? "acme" : "globex"
  }))
)

const narrow: Simulator.Configuration = {
  name: "one at a time",
  client: { maxConcurrency: 1 },
  host: { limits: { concurrency: 1 } }
}

const compared = Effect.flatMap(recorded, (traffic) =>
  Simulator.compare({ seed: 1, traffic, configurations: [Simulator.tier(2), narrow] })
)

describe("run with recorded traffic", () => {
  it.effect("makes the recorded calls from the first one", () =>
    Effect.gen(function* () {
      const report = yield* Simulator.run({ seed: 1, traffic: yield* recorded })
      assert.deepStrictEqual(
        [report.start, report.duration, report.calls.calls],
        ["2026-11-20T08:00:00.000Z", 118_001, 60]
      )
    })
  )

  it.effect("costs what the recorded tokens cost", () =>
    Effect.gen(function* () {
      const report = yield* Simulator.run({ seed: 1, traffic: yield* recorded })
      // Kimi K3 costs $3.00 and $15.00 a million in November 2026. A prompt has up to two tokens more or fewer.
      assert.closeTo(Number(report.cost.total), (60 * (1_000 * 3 + 100 * 15)) / 1_000_000, (60 * 2 * 3) / 1_000_000)
    })
  )

  it.effect("leaves out calls after its duration", () =>
    Effect.gen(function* () {
      const report = yield* Simulator.run({ seed: 1, traffic: yield* recorded, duration: "10 seconds" })
      assert.strictEqual(report.calls.calls, 5)
    })
  )

  it.effect("makes the calls of their tenants", () =>
    Effect.gen(function* () {
      const budget = [{ amount: "0.02", currency: "USD", per: ["tenant"] }] as const
      const report = yield* Simulator.run({
        seed: 1,
        traffic: yield* recorded,
        client: { budget: budget.map((cap) => ({ ...cap, per: [...cap.per] })) }
      })
      const refused = report.calls.byTag.find(({ tag }) => tag === "BudgetExceededError")?.count ?? 0
      // Each tenant can pay the same number of calls.
      assert.strictEqual(refused % 2, 0)
      assert.isAbove(refused, 0)
    })
  )
})

describe("compare", () => {
  it.effect("reports longer waits with lower limits", () =>
    Effect.gen(function* () {
      const [wide, one] = (yield* compared).configurations
      assert.strictEqual(wide?.report.admissionWait.max, 0)
      assert.isAbove(one?.report.admissionWait.max ?? 0, 1_000)
    })
  )

  it.effect("has the report that each configuration has alone", () =>
    Effect.gen(function* () {
      const { client, host } = narrow
      const alone = yield* Simulator.run({ seed: 1, traffic: yield* recorded, client, host })
      assert.deepStrictEqual((yield* compared).configurations[1]?.report, alone)
    })
  )

  it.effect("rejects configurations of the same name", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Simulator.compare({ seed: 1, traffic: { calls: 1 }, configurations: [narrow, narrow] })
      )
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["configurations[1].name"]
      )
    })
  )

  it.effect("rejects an empty list", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Simulator.compare({ seed: 1, traffic: { calls: 0 }, configurations: [] }))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["configurations", "traffic.calls"]
      )
    })
  )
})

describe("toTable", () => {
  it.effect("has a column for each configuration", () =>
    Effect.gen(function* () {
      const lines = Simulator.toTable(yield* compared).split("\n")
      assert.match(lines[2] ?? "", /^\s+tier 2\s+one at a time$/)
      assert.match(
        lines.find((line) => line.startsWith("peak of concurrency")) ?? "",
        / of 100 \(\d+ %\)\s+1 of 1 \(100 %\)$/
      )
    })
  )
})

describe("toHtml", () => {
  it.effect("has a heading for each configuration", () =>
    Effect.gen(function* () {
      const html = Simulator.toHtml(yield* compared)
      assert.include(html, '<th scope="col">tier 2</th><th scope="col">one at a time</th>')
    })
  )

  it.effect("escapes the names of configurations", () =>
    Effect.gen(function* () {
      const html = Simulator.toHtml(
        yield* Simulator.compare({
          seed: 1,
          traffic: { calls: 1 },
          duration: "1 minute",
          configurations: [{ name: "<script>" }]
        })
      )
      assert.notInclude(html, "<script>")
    })
  )
})

describe("cheapest", () => {
  it.effect("is the configuration of least cost that meets the requirements", () =>
    Effect.gen(function* () {
      const comparison = yield* compared
      const met = Comparison.cheapest(comparison, { minSuccessRate: 0.99, maxAdmissionWait: 500 })
      assert.strictEqual(met?.name, "tier 2")
    })
  )

  it.effect("is none where no configuration meets the requirements", () =>
    Effect.gen(function* () {
      const comparison = yield* compared
      const [wide] = comparison.configurations
      const narrowOnly = { ...comparison, configurations: comparison.configurations.filter((one) => one !== wide) }
      assert.isUndefined(Comparison.cheapest(narrowOnly, { minSuccessRate: 1, maxAdmissionWait: 0 }))
    })
  )

  it.effect("is chosen among configurations that meet the requirements, though another makes no call", () =>
    Effect.gen(function* () {
      const traffic = yield* recorded
      const nothing: Simulator.Configuration = {
        name: "nothing",
        client: { budget: [{ amount: "0.000001", currency: "USD" }] }
      }
      const comparison = yield* Simulator.compare({
        seed: 1,
        traffic,
        configurations: [nothing, Simulator.tier(2)]
      })
      const met = Comparison.cheapest(comparison, { minSuccessRate: 0.99, maxAdmissionWait: 500 })
      assert.strictEqual(met?.name, "tier 2")
      assert.match(Simulator.toTable(comparison), /\ncost +none +\$/)
    })
  )
})
