import { assert, describe, it } from "@effect/vitest"
import type { DailyLimitError, RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import { Clock, Effect, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"
import { fromTooManyRequests } from "../../../client/src/internal/rateLimitMessages.ts"
import { HostLimits } from "../../src/internal/simulator/HostLimits.ts"
import * as VirtualHost from "../../src/simulator/VirtualHost.ts"

const origin = { provider: "moonshot", model: "kimi-k3" }

/** A reference that counts the whole list of requests every time. */
class Reference {
  readonly entered: Array<{ readonly at: number; readonly tokens: number; readonly until: number }> = []

  within(now: number, millis: number) {
    return this.entered.filter(({ at }) => at > now - millis && at <= now)
  }
  running(now: number): number {
    return this.entered.filter(({ at, until }) => at <= now && until > now).length
  }
  rejection(tokens: number, now: number): string | undefined {
    const minute = this.within(now, 60_000)
    const sum = (list: typeof minute) => list.reduce((total, entry) => total + entry.tokens, 0)
    if (this.running(now) >= 4) return "concurrency"
    if (minute.length >= 20) return "requests per minute"
    if (sum(minute) + tokens > 10_000) return "tokens per minute"
    if (sum(this.within(now, 86_400_000)) + tokens > 60_000) return "DailyLimitError"
    return undefined
  }
}

const nameOf = (error: RateLimitError | DailyLimitError | undefined): string | undefined =>
  error?._tag === "RateLimitError" ? error.kind : error?._tag

describe("HostLimits", () => {
  it.effect("agrees with a reference that counts all requests", () =>
    Effect.gen(function* () {
      const random = yield* Random.Random
      const limits = new HostLimits({
        concurrency: 4,
        requestsPerMinute: 20,
        tokensPerMinute: 10_000,
        tokensPerDay: 60_000
      })
      const reference = new Reference()
      const reached = new Set<string>()
      let leaving: Array<number> = []
      let now = 0
      for (let i = 0; i < 3_000; i += 1) {
        // Bursts and pauses, so that every limit is reached.
        now += Math.floor(random.nextDoubleUnsafe() ** 4 * (i % 500 === 0 ? 50_000_000 : 12_000))
        const gone = leaving.filter((until) => until <= now)
        for (const _ of gone) limits.release()
        leaving = leaving.filter((until) => until > now)
        const tokens = Math.floor(random.nextDoubleUnsafe() * (i % 100 < 50 ? 300 : 3_000))
        const expected = reference.rejection(tokens, now)
        assert.strictEqual(nameOf(limits.admit(tokens, now, origin)), expected)
        if (expected === undefined) {
          const until = now + 1 + Math.floor(random.nextDoubleUnsafe() * (i % 300 < 100 ? 60_000 : 3_000))
          reference.entered.push({ at: now, tokens, until })
          leaving.push(until)
        } else reached.add(expected)
      }
      assert.strictEqual(reached.size, 4)
      const { concurrency, requestsInMinute, tokensInDay, tokensInMinute } = limits.peaks
      const most = (of: (at: number) => number) => Math.max(...reference.entered.map(({ at }) => of(at)))
      const sum = (list: ReadonlyArray<{ readonly tokens: number }>) => list.reduce((a, { tokens }) => a + tokens, 0)
      assert.strictEqual(
        requestsInMinute,
        most((at) => reference.within(at, 60_000).length)
      )
      assert.strictEqual(
        tokensInMinute,
        most((at) => sum(reference.within(at, 60_000)))
      )
      assert.strictEqual(
        tokensInDay,
        most((at) => sum(reference.within(at, 86_400_000)))
      )
      assert.strictEqual(
        concurrency,
        most((at) => reference.running(at))
      )
    }).pipe(Random.withSeed(3))
  )

  it("counts a request for exactly a minute", () => {
    const limits = new HostLimits({ requestsPerMinute: 1 })
    assert.isUndefined(limits.admit(1, 0, origin))
    assert.isDefined(limits.admit(1, 59_999, origin))
    assert.isUndefined(limits.admit(1, 60_000, origin))
  })

  it("rejects with messages that the client maps to the same errors", () => {
    const rejections = [
      new HostLimits({ concurrency: 0 }),
      new HostLimits({ requestsPerMinute: 0 }),
      new HostLimits({ tokensPerMinute: 10 }),
      new HostLimits({ tokensPerDay: 10 })
    ].map((limits) => limits.admit(11, 0, origin))
    for (const error of rejections) {
      assert.isDefined(error)
      if (error === undefined) continue
      const read = fromTooManyRequests({ message: error.message, status: 429, ...origin }, undefined, error.retryAfter)
      assert.deepStrictEqual(read.toJSON(), error.toJSON())
    }
  })
})

describe("the virtual host", () => {
  it.effect("counts the prompt with the maximum output at admission", () =>
    Effect.gen(function* () {
      const host = yield* VirtualHost.make({ limits: { concurrency: 1 }, firstToken: { median: 1_000, p95: 1_000 } })
      const request = {
        model: "kimi-k3",
        messages: [{ role: "user" as const, content: "Hi" }],
        max_completion_tokens: 100
      }
      const first = yield* Effect.forkChild(host.transport.chat(request))
      yield* TestClock.adjust(500)
      const second = yield* Effect.forkChild(Effect.flip(host.transport.chat(request)))
      yield* TestClock.adjust(50)
      const rejected = yield* Fiber.join(second)
      assert.strictEqual(rejected._tag, "RateLimitError")
      yield* Fiber.interrupt(first)
      const third = yield* Effect.forkChild(host.transport.chat(request))
      yield* TestClock.adjust("1 minute")
      const answer = yield* Fiber.join(third)
      const { concurrency, requestsInMinute, tokensInMinute } = yield* host.peaks
      assert.deepStrictEqual([concurrency, requestsInMinute], [1, 2])
      assert.strictEqual(tokensInMinute, 2 * ((answer.usage?.prompt_tokens ?? 0) + 100))
      assert.strictEqual(answer.usage?.completion_tokens, 100)
      assert.strictEqual(answer.finishReason, "length")
      assert.isAbove(yield* Clock.currentTimeMillis, 0)
    }).pipe(Random.withSeed(1))
  )
})
