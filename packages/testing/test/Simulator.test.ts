import { assert, describe, it } from "@effect/vitest"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Budget from "@kimi-effect/core/Budget"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
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
  it.effect("produces the same report for the same seed", () =>
    Effect.gen(function* () {
      const [first, again] = yield* Effect.all([Simulator.run(small(1)), Simulator.run(small(1))])
      assert.deepStrictEqual(bytes(again), bytes(first))
    })
  )

  it.effect("produces another report for another seed", () =>
    Effect.gen(function* () {
      const [first, other] = yield* Effect.all([Simulator.run(small(1)), Simulator.run(small("1b"))])
      assert.notStrictEqual(JSON.stringify(other.buckets), JSON.stringify(first.buckets))
    })
  )

  it.effect("produces the same report when simulations run concurrently", () =>
    Effect.gen(function* () {
      const [alone] = yield* Effect.all([Simulator.run(small(1))])
      const [one, two] = yield* Effect.all([Simulator.run(small(1)), Simulator.run(small(1))], { concurrency: 2 })
      assert.deepStrictEqual([bytes(one), bytes(two)], [bytes(alone), bytes(alone)])
    })
  )

  const withCacheAndBudget: Simulator.Options<ConfigurationError> = {
    ...small(1),
    layers: Layer.mergeAll(
      ResponseCache.layerMemory(),
      Accounting.layer,
      Budget.layer({ caps: [{ amount: "1000", currency: "USD" }] })
    )
  }

  it.effect("produces the same report with a cache", () =>
    Effect.gen(function* () {
      const [first, again] = yield* Effect.all([Simulator.run(withCacheAndBudget), Simulator.run(withCacheAndBudget)])
      assert.deepStrictEqual(bytes(again), bytes(first))
    })
  )

  it.effect("waits for the modules of configured stages in virtual time", () =>
    Effect.gen(function* () {
      const client = { recovery: "continue", hedgeDelay: "5 seconds", cache: "memory" } as const
      const { calls, stages } = yield* Simulator.run({ ...small(1), client })
      assert.isAbove(calls.succeeded, 0)
      assert.match(stages, /recovery.*continue/)
    })
  )

  it.effect("makes no attempt for calls that a cache answers", () =>
    Effect.gen(function* () {
      const [cached, uncached] = yield* Effect.all([Simulator.run(withCacheAndBudget), Simulator.run(small(1))])
      assert.isBelow(cached.attempts.count, uncached.attempts.count / 2)
    })
  )

  it.effect("makes attempts for calls with distinct prompts", () =>
    Effect.gen(function* () {
      const traffic = { ...withCacheAndBudget.traffic, repeatRatio: 0 }
      const { attempts, calls } = yield* Simulator.run({ ...withCacheAndBudget, traffic })
      assert.isAtLeast(attempts.count, calls.succeeded)
    })
  )

  it.effect("describes the stages of its layers", () =>
    Effect.gen(function* () {
      assert.include((yield* Simulator.run(withCacheAndBudget)).stages, "1000 USD in total")
    })
  )

  it.effect("uses the stages that the options of the client turn on", () =>
    Effect.gen(function* () {
      const report = yield* Simulator.run({
        ...small(1),
        client: { cache: "memory", hedgeDelay: "1 minute", budget: [{ amount: "1000", currency: "USD", per: [] }] }
      })
      assert.notMatch(report.stages, /^(?:cache|budget|hedge): is off/m)
    })
  )

  it.effect("has the same traffic for another client", () =>
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

  it.effect("counts every attempt of every call", () =>
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

  it.effect("reports the exact cost of successful first attempts", () =>
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
      // All ten requests are in one minute, each with its prompt and the default maximum of 2,048 tokens.
      const tokens = report.limitUsage.find(({ name }) => name === "tokens per minute")?.peak ?? 0
      const promptTokens = tokens - 10 * 2_048
      assert.isAtLeast(promptTokens, 10_000)
      // Kimi K3 costs $3.00 and $15.00 a million in November 2026.
      assert.strictEqual(Number(report.cost.total), (promptTokens * 3 + 10 * 100 * 15) / 1_000_000)
      assert.deepStrictEqual([report.cost.currency, report.cost.wasted], ["USD", "0"])
      assert.deepStrictEqual(report.admissionWait, { count: 10, p50: 0, p95: 0, p99: 0, max: 0, waited: 0 })
    })
  )

  it.effect("uses the stages of its layers", () =>
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

  it.effect("fails with all issues of its options", () =>
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
          "traffic.streamRatio",
          "faults[0].failureRate",
          "host.failureRate",
          "host.failures",
          "duration",
          "start"
        ]
      )
    })
  )

  it.effect("fails with the issues of the options of the client", () =>
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

describe("a short rough day", () => {
  const day = Simulator.run(roughDay(1, { calls: 4_000, duration: "80 minutes" }))

  it.effect("completes nearly all calls outside the open circuits", () =>
    Effect.gen(function* () {
      const { breaker, buckets, duration, faults } = yield* day
      // A circuit that opened in an outage rejects calls for a little longer.
      const periods = [...faults, ...breaker.openPeriods]
      const width = duration / buckets.length
      const steady = buckets.filter((bucket) =>
        periods.every(({ from, to }) => bucket.from + width + 60_000 < from || bucket.from > to)
      )
      const calls = steady.reduce((total, bucket) => total + bucket.calls, 0)
      const succeeded = steady.reduce((total, bucket) => total + bucket.succeeded, 0)
      assert.isAbove(calls, 3_000)
      assert.isAtLeast(succeeded / calls, 0.999)
    })
  )

  it.effect("completes 97 % of the calls outside outages", () =>
    Effect.gen(function* () {
      assert.isAtLeast((yield* day).outsideOutages.successRate, 0.97)
    })
  )

  it.effect("never exceeds the limits of the account", () =>
    Effect.gen(function* () {
      const { limitUsage, rateLimited } = yield* day
      assert.strictEqual(rateLimited.inSteadyState, 0)
      for (const { limit, peak } of limitUsage) assert.isAtMost(peak, limit ?? Number.POSITIVE_INFINITY)
    })
  )

  it.effect("opens the circuit within a minute of each outage", () =>
    Effect.gen(function* () {
      const { breaker } = yield* day
      assert.deepStrictEqual([breaker.openings, breaker.outages.length], [2, 2])
      for (const { attemptsAfter, openedAfter } of breaker.outages) {
        assert.isAtMost(openedAfter ?? Number.POSITIVE_INFINITY, 60_000)
        assert.isAtMost(attemptsAfter, 20)
      }
    })
  )

  it.effect("closes the circuit within a minute after each outage", () =>
    Effect.gen(function* () {
      const { breaker, faults } = yield* day
      assert.strictEqual(breaker.openPeriods.length, 2)
      for (const [index, { to }] of breaker.openPeriods.entries()) {
        assert.isAtMost(to - (faults[index]?.to ?? 0), 60_000)
      }
    })
  )
})
