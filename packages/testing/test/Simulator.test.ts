import { assert, describe, it } from "@effect/vitest"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Budget from "@kimi-effect/core/Budget"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as RetryBudget from "@kimi-effect/core/RetryBudget"
import { Cause, Effect, Exit, Fiber, Layer } from "effect"
import * as FaultScript from "../src/simulator/FaultScript.ts"
import { roughDay } from "../src/simulator/Scenarios.ts"
import * as Simulator from "../src/Simulator.ts"

const small = (seed: number | string): Simulator.Options => ({
  seed,
  duration: "30 minutes",
  traffic: { calls: 300, streamRatio: 0.5 },
  host: { failureRate: 0.1 },
  faults: [FaultScript.Outage({ after: "10 minutes", duration: "1 minute", mode: "refuse" })]
})

const bytes = (report: Parameters<typeof Simulator.toTable>[0]) => ({
  data: JSON.stringify(report),
  table: Simulator.toTable(report),
  html: Simulator.toHtml(report)
})

describe("run", () => {
  it.effect("gives the same report for the same seed, byte for byte, and another for another", () =>
    Effect.gen(function* () {
      const [first, again, other] = yield* Effect.all([
        Simulator.run(small(1)),
        Simulator.run(small(1)),
        Simulator.run(small("1b"))
      ])
      assert.deepStrictEqual(bytes(again), bytes(first))
      assert.notStrictEqual(JSON.stringify(other.buckets), JSON.stringify(first.buckets))
    })
  )

  it.effect("gives the same report when simulations run at the same time", () =>
    Effect.gen(function* () {
      const [alone] = yield* Effect.all([Simulator.run(small(1))])
      const [one, two] = yield* Effect.all([Simulator.run(small(1)), Simulator.run(small(1))], { concurrency: 2 })
      assert.deepStrictEqual([bytes(one), bytes(two)], [bytes(alone), bytes(alone)])
    })
  )

  it.effect("gives the same report with a cache and a budget, and what the cache answers reaches no host", () =>
    Effect.gen(function* () {
      const options = {
        ...small(1),
        layers: Layer.mergeAll(
          ResponseCache.layerMemory(),
          Accounting.layer,
          Budget.layer({ caps: [{ amount: "1000", currency: "USD" }] })
        )
      }
      const [first, again, without] = yield* Effect.all([
        Simulator.run(options),
        Simulator.run(options),
        Simulator.run(small(1))
      ])
      assert.deepStrictEqual(bytes(again), bytes(first))
      assert.isBelow(first.attempts.count, without.attempts.count / 2)
      const distinct = yield* Simulator.run({ ...options, traffic: { ...options.traffic, repeatRatio: 0 } })
      assert.isAtLeast(distinct.attempts.count, distinct.calls.succeeded)
      assert.include(first.stages, "1000 USD in total")
    })
  )

  it.effect("meets the same traffic with another client", () =>
    Effect.gen(function* () {
      const one = yield* Simulator.run(small(1))
      const two = yield* Simulator.run({ ...small(1), client: { maxAttempts: 1 } })
      assert.deepStrictEqual(
        two.buckets.map(({ calls }) => calls),
        one.buckets.map(({ calls }) => calls)
      )
      assert.isAbove(one.attempts.count, two.attempts.count)
    })
  )

  it.effect("accounts for every call and attempt", () =>
    Effect.gen(function* () {
      const report = yield* Simulator.run(small(3))
      const sum = (counts: ReadonlyArray<{ readonly count: number }>) => counts.reduce((a, { count }) => a + count, 0)
      assert.strictEqual(report.calls.calls, 300)
      assert.strictEqual(sum(report.calls.byTag), 300)
      assert.strictEqual(sum(report.attempts.byTag), report.attempts.count)
      assert.strictEqual(
        report.buckets.reduce((a, { attempts }) => a + attempts, 0),
        report.attempts.count
      )
      assert.strictEqual(report.total.count, report.calls.succeeded)
      const success = report.attempts.byTag.find(({ tag }) => tag === "Success")
      assert.strictEqual(success?.count, report.calls.succeeded)
    })
  )

  it.effect("answers every call of a host without trouble at its first attempt, and reports the exact cost", () =>
    Effect.gen(function* () {
      const report = yield* Simulator.run({
        seed: 1,
        duration: "1 minute",
        traffic: {
          calls: 10,
          promptTokens: { median: 1_000, p95: 1_000 },
          outputTokens: { median: 100, p95: 100 }
        }
      })
      assert.deepStrictEqual(report.calls, {
        calls: 10,
        succeeded: 10,
        successRate: 1,
        byTag: [{ tag: "Success", count: 10 }]
      })
      assert.strictEqual(report.attempts.count, 10)
      // All ten are in one window of the host, each with its prompt and the default maximum of 2,048.
      const tokens = report.limitUsage.find(({ name }) => name === "tokens per minute")?.peak ?? 0
      const promptTokens = tokens - 10 * 2_048
      assert.isAtLeast(promptTokens, 10_000)
      // Kimi K3 costs $3.00 and $15.00 a million in November 2026.
      assert.strictEqual(Number(report.cost.total), (promptTokens * 3 + 10 * 100 * 15) / 1_000_000)
      assert.deepStrictEqual([report.cost.currency, report.cost.wasted], ["USD", "0"])
      assert.deepStrictEqual(report.admissionWait, { count: 10, p50: 0, p95: 0, p99: 0, max: 0, waited: 0 })
    })
  )

  it.effect("uses the stages that are given in place of the client's own", () =>
    Effect.gen(function* () {
      const options = { ...small(1), traffic: { calls: 1_500 } }
      const own = yield* Simulator.run(options)
      const off = yield* Simulator.run({
        ...options,
        layers: Layer.merge(CircuitBreaker.layerOff, RetryBudget.layerOff)
      })
      assert.isAbove(own.breaker.openings, 0)
      assert.isAbove(own.breaker.outages[0]?.attemptsBefore ?? 0, 0)
      assert.strictEqual(off.breaker.openings, 0)
      assert.isAbove(off.attempts.count, own.attempts.count)
    })
  )

  it.effect("fails with everything that is wrong with its options", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Simulator.run({
          seed: 1,
          duration: "-1 minute",
          start: "yesterday",
          traffic: { calls: 0, weights: [0, 0], streamRatio: 2 },
          host: { failureRate: 1.5, failures: {} },
          faults: [FaultScript.BrownOut({ after: 0, duration: "1 minute", failureRate: 2, slowdown: 1 })]
        })
      )
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        [
          "traffic.calls",
          "traffic.weights",
          "traffic.streams",
          "faults[0].failureRate",
          "host.failureRate",
          "host.failures",
          "duration",
          "start"
        ]
      )
    })
  )

  it.effect("fails with what is wrong with the client's options", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Simulator.run({ ...small(1), client: { maxAttempts: 0 } }))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["maxAttempts"]
      )
    })
  )

  it.live("can be interrupted", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Simulator.run({ ...small(1), traffic: { calls: 2_000 } }), {
        startImmediately: true
      })
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause))
    })
  )
})

describe("a rough day, in short", () => {
  it.effect("keeps its bars", () =>
    Effect.gen(function* () {
      const report = yield* Simulator.run(roughDay(1, { calls: 4_000, duration: "80 minutes" }))
      const { faults, breaker, buckets } = report
      // The circuit that an outage opened rejects calls for a little longer; away from that nearly all succeed.
      const troubles = [...faults, ...breaker.openPeriods]
      const width = report.duration / buckets.length
      const calm = buckets.filter((bucket) =>
        troubles.every(({ from, to }) => bucket.from + width + 60_000 < from || bucket.from > to)
      )
      const sum = (of: (bucket: (typeof buckets)[number]) => number) => calm.reduce((a, bucket) => a + of(bucket), 0)
      assert.isAbove(
        sum(({ calls }) => calls),
        3_000
      )
      assert.isAtLeast(sum(({ succeeded }) => succeeded) / sum(({ calls }) => calls), 0.999)
      assert.isAtLeast(report.outsideOutages.successRate, 0.97)

      assert.strictEqual(report.rateLimited.inSteadyState, 0)
      for (const { limit, peak } of report.limitUsage) assert.isAtMost(peak, limit ?? Number.POSITIVE_INFINITY)

      assert.strictEqual(breaker.openings, 2)
      assert.strictEqual(breaker.outages.length, 2)
      for (const { attemptsAfter, openedAfter } of breaker.outages) {
        assert.isAtMost(openedAfter ?? Number.POSITIVE_INFINITY, 60_000)
        assert.isAtMost(attemptsAfter, 20)
      }
      for (const [index, { to }] of breaker.openPeriods.entries()) {
        assert.isAtMost(to - (faults[index]?.to ?? 0), 60_000)
      }
    })
  )
})
