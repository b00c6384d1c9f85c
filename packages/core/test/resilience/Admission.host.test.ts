import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"
import * as Admission from "../../src/resilience/Admission.ts"
import { type RateLimits, tiers } from "../../src/resilience/RateLimits.ts"
import { ask, isIdle } from "./support/admission.ts"
import { between, type Chance, happens, oneOf } from "./support/chance.ts"
import { makeHost } from "./support/host.ts"

interface Traffic {
  readonly limits: RateLimits
  readonly calls: number
  /** Milliseconds between two calls. */
  readonly pause: (chance: Chance) => number
  readonly tokens: (chance: Chance) => number
  readonly serviceMillis: (chance: Chance) => number
}

/** Runs random traffic, some of it interrupted, through Admission and returns what the host received. */
const drive = Effect.fnUntraced(function* (chance: Chance, traffic: Traffic) {
  const { limits } = traffic
  const host = makeHost(limits)
  const admission = yield* Admission.make({ limits, maxWait: "2 hours" })
  let total = 0
  const fibers = []
  for (let call = 0; call < traffic.calls; call++) {
    total += traffic.pause(chance)
    const tokens = traffic.tokens(chance)
    const attempt = admission.guard(ask(tokens))(host.call(tokens, traffic.serviceMillis(chance), chance))
    const patient = happens(chance, 0.1)
      ? Effect.timeoutOption(attempt, Duration.millis(between(chance, 0, 90_000)))
      : attempt
    fibers.push(yield* Effect.forkChild(Effect.delay(Effect.exit(patient), Duration.millis(total))))
  }
  yield* TestClock.adjust(Duration.millis(total + 50 * 3_600_000))
  for (const fiber of fibers) yield* Fiber.join(fiber)
  assert.deepStrictEqual(host.broken.slice(0, 3), [])
  yield* isIdle(admission)
  return host.peaks
})

const upTo = (most: number) => (chance: Chance) => between(chance, 1, most)

const burst = (part: number, gap: number) => (chance: Chance) => (happens(chance, part) ? between(chance, 0, gap) : 0)

describe("Admission against the counters of a host", () => {
  for (const [tier, limits] of tiers.entries()) {
    it.effect(`stays within tier ${tier} in every window of random traffic`, () =>
      Effect.gen(function* () {
        const chance = yield* Random.Random
        const { concurrency, requestsPerMinute, tokensPerMinute } = limits
        const many = requestsPerMinute * (tier < 3 ? 3 : 1.1)
        // One limit after the other is the one that holds the calls back.
        const byRequests = yield* drive(chance, {
          limits,
          calls: tier === 0 ? 40 : many,
          pause: burst(0.05, tier < 3 ? 4_000 : 10),
          tokens: upTo(100),
          serviceMillis: upTo(tier === 0 ? 5_000 : 500)
        })
        const byTokens = yield* drive(chance, {
          limits,
          calls: 300,
          pause: burst(0.1, 6_000),
          tokens: upTo(Math.floor(tokensPerMinute / 20)),
          serviceMillis: upTo(2_000)
        })
        const byPlaces = yield* drive(chance, {
          limits,
          calls: tier === 0 ? 20 : Math.ceil(concurrency * 1.3),
          pause: burst(0.02, 500),
          tokens: upTo(100),
          serviceMillis: (chance) => between(chance, 20_000, 60_000)
        })
        assert.strictEqual(byPlaces.concurrency, concurrency)
        assert.isAbove(byTokens.tokensPerMinute, tokensPerMinute * (tier === 0 ? 0.1 : 0.9))
        // A few calls leave on their way to the host.
        assert.isAtLeast(byRequests.requestsPerMinute, Math.floor(requestsPerMinute * 0.99))
      }).pipe(Random.withSeed(`tier ${tier}`))
    )
  }

  it.effect("stays within random limits over days", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      let reached = 0
      for (let trace = 0; trace < 25; trace++) {
        const largest = between(chance, 10, 1_000)
        const limits: RateLimits = {
          concurrency: oneOf(chance, undefined, between(chance, 1, 20)),
          requestsPerMinute: oneOf(chance, undefined, between(chance, 1, 40)),
          tokensPerMinute: oneOf(chance, undefined, largest * between(chance, 1, 20)),
          tokensPerDay: oneOf(chance, undefined, largest * between(chance, 10, 60))
        }
        const peaks = yield* drive(chance, {
          limits,
          calls: 150,
          pause: (chance) =>
            oneOf(chance, 0, 0, 0, between(chance, 0, 100), between(chance, 0, 20_000), between(chance, 0, 3_600_000)),
          tokens: upTo(largest),
          serviceMillis: (chance) => oneOf(chance, 0, between(chance, 0, 1_000), between(chance, 0, 60_000))
        })
        if (limits.tokensPerDay !== undefined && peaks.tokensPerDay > limits.tokensPerDay - largest) reached++
      }
      assert.isAbove(reached, 5)
    }).pipe(Random.withSeed("random limits"))
  )
})

describe("Admission under saturation", () => {
  /** Workers that never pause, for so many minutes. */
  const saturate = Effect.fnUntraced(function* (
    chance: Chance,
    workers: number,
    minutes: number,
    { limits, serviceMillis, tokens }: Pick<Traffic, "limits" | "tokens" | "serviceMillis">
  ) {
    const host = makeHost(limits)
    const admission = yield* Admission.make({ limits })
    for (let worker = 0; worker < workers; worker++) {
      yield* Effect.forkChild(
        Effect.forever(
          Effect.suspend(() => {
            const amount = tokens(chance)
            return admission.guard(ask(amount))(host.call(amount, serviceMillis(chance), chance))
          })
        )
      )
    }
    yield* TestClock.adjust(Duration.minutes(minutes))
    assert.deepStrictEqual(host.broken.slice(0, 3), [])
    return host
  })

  /** Part of a limit by the minute that was used, from one call to the one with which as many whole minutes are full. */
  const used = (
    limit: number,
    minutes: number,
    amounts: ReadonlyArray<{ readonly at: number; readonly amount: number }>
  ) => {
    let sum = 0
    const start = amounts[0]?.at ?? 0
    for (const { amount, at } of amounts) {
      sum += amount
      if (sum > limit * minutes) return (minutes * 60_000) / (at - start)
    }
    return 0
  }

  it.effect("uses 95 % of the requests per minute", () =>
    Effect.gen(function* () {
      const host = yield* saturate(yield* Random.Random, 40, 12, {
        limits: { requestsPerMinute: 200 },
        tokens: () => 0,
        serviceMillis: upTo(4_000)
      })
      const part = used(
        200,
        9,
        host.arrivals.map(({ at }) => ({ at, amount: 1 }))
      )
      assert.isAtLeast(part, 0.95)
    }).pipe(Random.withSeed("requests"))
  )

  it.effect("uses 95 % of the tokens per minute if calls are small compared to them", () =>
    Effect.gen(function* () {
      const host = yield* saturate(yield* Random.Random, 40, 12, {
        limits: { tokensPerMinute: 500_000, concurrency: 100, requestsPerMinute: 5_000 },
        tokens: upTo(5_000),
        serviceMillis: upTo(4_000)
      })
      const part = used(
        500_000,
        9,
        host.arrivals.map(({ at, tokens }) => ({ at, amount: tokens }))
      )
      assert.isAtLeast(part, 0.95)
    }).pipe(Random.withSeed("tokens"))
  )

  it.effect("uses 95 % of the permits", () =>
    Effect.gen(function* () {
      const limits = { concurrency: 10, requestsPerMinute: 5_000, tokensPerMinute: 3_000_000 }
      const host = yield* saturate(yield* Random.Random, 30, 6, {
        limits,
        tokens: upTo(1_000),
        serviceMillis: (chance) => between(chance, 10_000, 40_000)
      })
      assert.isAtLeast(host.busyUntil(6 * 60_000), 0.95 * 10 * 6 * 60_000)
      assert.strictEqual(host.peaks.concurrency, 10)
    }).pipe(Random.withSeed("places"))
  )
})
