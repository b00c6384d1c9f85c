import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { runs } from "../../../test/support/depth.ts"
import * as MockProvider from "../src/MockProvider.ts"
import * as Reply from "../src/Reply.ts"
import * as Script from "../src/Script.ts"
import { binomialBounds } from "./support/binomial.ts"
import { request, withTransport } from "./support/mockProvider.ts"

const calls = runs({ deep: 10_000, sample: 1_000 })

/** How many of the calls, one each second, fall into the first `seconds` of a minute. */
const withinFirst = (seconds: number): number => seconds * Math.floor(calls / 60) + Math.min(seconds, calls % 60)

const limited = { ...request, max_completion_tokens: 100 }

/** The numbers after so many calls, one each second. */
const statisticsOf = (options: MockProvider.Options, operation: "chat" | "stream" = "chat", count = calls) =>
  withTransport(options, (transport, mock) =>
    Effect.gen(function* () {
      const call = operation === "chat" ? transport.chat(limited) : Stream.runDrain(transport.stream(limited))
      for (let made = 0; made < count; made++) {
        yield* Effect.exit(call)
        yield* TestClock.adjust("1 second")
      }
      return yield* mock.statistics
    })
  )

const assertWithin = (actual: number | undefined, trials: number, rate: number): void => {
  const [least, most] = binomialBounds(trials, rate)
  assert.isAtLeast(actual ?? 0, least)
  assert.isAtMost(actual ?? 0, most)
}

describe("MockProvider.reliable", () => {
  it.effect("answers every call", () =>
    Effect.map(statisticsOf(MockProvider.reliable()), ({ failures, succeeded }) =>
      assert.deepStrictEqual([succeeded, failures], [calls, {}])
    )
  )
})

describe("MockProvider.unreliable", () => {
  it.effect("fails half of the calls by default", () =>
    Effect.map(statisticsOf(MockProvider.unreliable()), ({ succeeded }) => assertWithin(succeeded, calls, 0.5))
  )

  it.effect("fails with each error at its rate", () =>
    Effect.map(statisticsOf(MockProvider.unreliable({ failureRate: 0.8 })), ({ failures }) => {
      assert.deepStrictEqual(Object.keys(failures).toSorted(), [
        "ConnectionLostError",
        "OverloadedError",
        "ServerError",
        "ServiceUnavailableError"
      ])
      assertWithin(failures["ServerError"], calls, 0.32)
      assertWithin(failures["OverloadedError"], calls, 0.24)
      assertWithin(failures["ServiceUnavailableError"], calls, 0.16)
      assertWithin(failures["ConnectionLostError"], calls, 0.08)
    })
  )

  it.effect("fails the same calls in every run", () =>
    Effect.gen(function* () {
      const first = yield* statisticsOf(MockProvider.unreliable(), "chat", 100)
      assert.deepStrictEqual(yield* statisticsOf(MockProvider.unreliable(), "chat", 100), first)
    })
  )

  it.effect("fails other calls with another seed", () =>
    Effect.gen(function* () {
      const first = yield* statisticsOf(MockProvider.unreliable(), "chat", 100)
      assert.notDeepEqual(yield* statisticsOf(MockProvider.unreliable({ seed: "other" }), "chat", 100), first)
    })
  )
})

describe("MockProvider.slow", () => {
  it.effect("answers after the times of its distribution", () =>
    withTransport(MockProvider.slow(), (transport) =>
      Effect.gen(function* () {
        const timed = Effect.andThen(transport.chat(request), Clock.currentTimeMillis)
        const fiber = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: calls }, () => timed),
            { concurrency: "unbounded" }
          )
        )
        yield* TestClock.adjust("1 day")
        const times = yield* Fiber.join(fiber)
        assertWithin(times.filter((time) => time <= 8_000).length, calls, 0.5)
        assertWithin(times.filter((time) => time <= 30_000).length, calls, 0.95)
      })
    )
  )
})

describe("MockProvider.scripted", () => {
  it.effect("answers in the order of the script", () =>
    Effect.map(
      statisticsOf(MockProvider.scripted(Script.repeat(["Hello!", Reply.overloaded(), Reply.unauthorized()]))),
      ({ failures, succeeded }) => {
        const each = Math.floor(calls / 3)
        assert.deepStrictEqual(failures, { OverloadedError: each, AuthenticationError: each })
        assert.strictEqual(succeeded, calls - 2 * each)
      }
    )
  )
})

describe("MockProvider.rateLimited", () => {
  it.effect("answers three calls a minute at the lowest tier", () =>
    Effect.map(statisticsOf(MockProvider.rateLimited()), ({ failures, succeeded }) =>
      assert.deepStrictEqual([succeeded, failures], [withinFirst(3), { RateLimitError: calls - withinFirst(3) }])
    )
  )
})

describe("MockProvider.flapping", () => {
  it.effect("refuses connections every other half minute", () =>
    Effect.map(statisticsOf(MockProvider.flapping()), ({ failures, succeeded }) =>
      assert.deepStrictEqual(
        [succeeded, failures],
        [withinFirst(30), { ConnectionRefusedError: calls - withinFirst(30) }]
      )
    )
  )
})

describe("MockProvider.outOfQuota", () => {
  it.effect("refuses every call", () =>
    Effect.map(statisticsOf(MockProvider.outOfQuota()), ({ failures }) =>
      assert.deepStrictEqual(failures, { QuotaExceededError: calls })
    )
  )

  it.effect("answers the calls before the balance is used up", () =>
    Effect.map(statisticsOf(MockProvider.outOfQuota({ answers: 4 }), "chat", 10), ({ failures, succeeded }) =>
      assert.deepStrictEqual([succeeded, failures], [4, { QuotaExceededError: 6 }])
    )
  )
})

describe("MockProvider.truncating", () => {
  it.effect("ends every stream without its end mark", () =>
    Effect.map(statisticsOf(MockProvider.truncating(), "stream"), ({ failures }) =>
      assert.deepStrictEqual(failures, { StreamTruncatedError: calls })
    )
  )

  it.effect("breaks every whole response off", () =>
    Effect.map(statisticsOf(MockProvider.truncating(), "chat", 100), ({ failures }) =>
      assert.deepStrictEqual(failures, { ConnectionLostError: 100 })
    )
  )
})
