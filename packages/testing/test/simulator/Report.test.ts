import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { openPeriodsOf, outagesOf } from "../../src/internal/simulator/circuits.ts"
import { percentilesOf } from "../../src/internal/simulator/percentiles.ts"
import * as FaultScript from "../../src/simulator/FaultScript.ts"
import * as Simulator from "../../src/Simulator.ts"

const key = "moonshot/kimi-k3"
const outage = { kind: "Outage" as const, from: 100, to: 200 }

describe("percentiles", () => {
  it("are the nearest ranks", () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index)
    assert.deepStrictEqual(percentilesOf(values), { count: 200, p50: 100, p95: 190, p99: 198, max: 200 })
    assert.deepStrictEqual(percentilesOf([7]), { count: 1, p50: 7, p95: 7, p99: 7, max: 7 })
    assert.deepStrictEqual(percentilesOf([]), { count: 0, p50: 0, p95: 0, p99: 0, max: 0 })
  })
})

describe("circuits", () => {
  it("are open until they close, including half-open periods", () => {
    const transitions = [
      { key, from: "Closed", to: "Open", at: 1_110 },
      { key, from: "Open", to: "HalfOpen", at: 1_150 },
      { key, from: "HalfOpen", to: "Open", at: 1_160 },
      { key, from: "Open", to: "HalfOpen", at: 1_210 },
      { key, from: "HalfOpen", to: "Closed", at: 1_220 },
      { key: "b", from: "Closed", to: "Open", at: 1_300 }
    ] as const
    assert.deepStrictEqual(openPeriodsOf(transitions, 1_000, 500), [
      { key, from: 110, to: 220 },
      { key: "b", from: 300, to: 500 }
    ])
  })

  describe("in an outage", () => {
    const reached = [90, 100, 105, 110, 150, 199, 200].map((at) => ({ key, at }))

    it("count attempts around their opening", () => {
      assert.deepStrictEqual(outagesOf([outage], reached, [{ key, from: 110, to: 220 }]), [
        { from: 100, to: 200, key, attemptsBefore: 3, openedAfter: 10, attemptsAfter: 2 }
      ])
    })

    it("may already be open", () => {
      assert.deepStrictEqual(outagesOf([outage], reached, [{ key, from: 50, to: 220 }]), [
        { from: 100, to: 200, key, attemptsBefore: 1, openedAfter: 0, attemptsAfter: 4 }
      ])
    })

    it("ignore the circuits of other keys", () => {
      assert.deepStrictEqual(outagesOf([outage], reached, [{ key: "other", from: 110, to: 220 }]), [
        { from: 100, to: 200, key, attemptsBefore: 5, attemptsAfter: 0 }
      ])
    })
  })
})

const day = Simulator.run({
  seed: '<b>&"',
  duration: "2 hours",
  traffic: { calls: 400, streamRatio: 0.5, models: ["kimi-k3", "kimi-k2.6"] },
  host: { limits: { requestsPerMinute: 4 } },
  faults: [
    FaultScript.Outage({ after: "20 minutes", duration: "2 minutes", mode: "refuse" }),
    FaultScript.RateLimitStorm({ after: "1 hour", duration: "5 minutes", rejectionRate: 0.5, retryAfter: "1 second" }),
    FaultScript.SlowPeriod({ after: "90 minutes", duration: "10 minutes", slowdown: 3 })
  ]
})

/** The first element that is not closed correctly. */
const unbalanced = (page: string): string | undefined => {
  const open: Array<string> = []
  for (const [, slash, name = "", rest = ""] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)([^<>]*)>/g)) {
    if (slash === "/") {
      if (open.pop() !== name) return `</${name}>`
    } else if (!rest.endsWith("/")) open.push(name)
  }
  return open.pop()
}

describe("the page", () => {
  const pageOfDay = Effect.map(day, Simulator.toHtml)

  it.effect("is well-formed", () =>
    Effect.gen(function* () {
      assert.isUndefined(unbalanced(yield* pageOfDay))
    })
  )

  it.effect("refers to no other resource", () =>
    Effect.gen(function* () {
      const page = yield* pageOfDay
      assert.notMatch(page, /<script|<link|<img|https?:|url\(|@import|NaN|undefined|Infinity/)
    })
  )

  it.effect("escapes text", () =>
    Effect.gen(function* () {
      assert.include(yield* pageOfDay, "seed &lt;b&gt;&amp;&quot;")
    })
  )

  it.effect("has seven charts with labels", () =>
    Effect.gen(function* () {
      const page = yield* pageOfDay
      assert.strictEqual(page.match(/<svg /g)?.length, 7)
      for (const [, id] of page.matchAll(/role="img" aria-labelledby="(\w+)"/g)) assert.include(page, `id="${id}"`)
    })
  )

  it.effect("supports dark mode", () =>
    Effect.gen(function* () {
      assert.include(yield* pageOfDay, "prefers-color-scheme: dark")
    })
  )

  it.effect("shades the periods of faults", () =>
    Effect.gen(function* () {
      const page = yield* pageOfDay
      assert.match(page, /class="fault Outage"[^>]*><title>outage, 00:20 to 00:22</)
    })
  )
})

describe("the figures of the page", () => {
  const figuresOf = (page: string) =>
    new Map([...page.matchAll(/<dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].map(([, name = "", value]) => [name, value]))

  it.effect("has the most important figures", () =>
    Effect.gen(function* () {
      const report = yield* day
      const figures = figuresOf(Simulator.toHtml(report))
      assert.strictEqual(figures.get("of 400 calls succeeded"), `${(report.calls.successRate * 100).toFixed(4)} %`)
      assert.strictEqual(figures.get("429s for limits"), String(report.rateLimited.count))
      assert.strictEqual(figures.get("circuit openings"), String(report.breaker.openings))
      assert.match(figures.get("cost") ?? "", /^\$\d+\.\d\d$/)
      assert.isTrue(figures.has("succeeded outside outages"))
    })
  )

  const calmPage = Effect.map(
    Simulator.run({ seed: 1, duration: "1 hour", traffic: { calls: 20, streamRatio: 0 } }),
    Simulator.toHtml
  )

  it.effect("labels empty charts", () =>
    Effect.gen(function* () {
      // Without 429s and open circuits.
      assert.strictEqual((yield* calmPage).match(/>none<\/text>/g)?.length, 2)
    })
  )

  it.effect("omits the figures of outages when there were none", () =>
    Effect.gen(function* () {
      assert.isFalse(figuresOf(yield* calmPage).has("succeeded outside outages"))
    })
  )

  it.effect("has no first token without streams", () =>
    Effect.gen(function* () {
      assert.strictEqual(figuresOf(yield* calmPage).get("first token, p95"), "none")
    })
  )
})

describe("the table", () => {
  it.effect("has the figures of the report", () =>
    Effect.gen(function* () {
      const report = yield* day
      const table = Simulator.toTable(report)
      assert.notMatch(table, /NaN|undefined/)
      assert.include(table, `${report.calls.succeeded} of 400 succeeded`)
      for (const { count, tag } of report.attempts.byTag) assert.match(table, new RegExp(`${tag} +${count}`))
      assert.include(table, `${report.rateLimited.count}, in steady state ${report.rateLimited.inSteadyState}`)
      assert.match(table, /429 storm +01:00 to 01:05/)
      assert.isAbove(report.rateLimited.count, report.rateLimited.inSteadyState)
      assert.strictEqual(report.limitUsage.find(({ name }) => name === "requests per minute")?.peak, 4)
      assert.strictEqual(report.breaker.outages.length, 2)
    })
  )
})
