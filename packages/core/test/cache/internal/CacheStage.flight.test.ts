import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as CacheControl from "../../../src/cache/CacheControl.ts"
import { withDeadline } from "../../../src/resilience/Deadline.ts"
import { call, callOf, host, failure, makeMemory, makeStage, response } from "../support/cache.ts"

describe("CacheStage", () => {
  describe("single flight", () => {
    it.effect("makes one call for 100 equal ones", () =>
      Effect.gen(function* () {
        const { chat, upstream } = yield* makeStage()
        const release = upstream.hold()
        const fibers = yield* Effect.forEach(Array.from({ length: 100 }), () =>
          Effect.forkChild(chat(call), { startImmediately: true })
        )
        yield* TestClock.adjust(0)
        yield* release
        const answers = yield* Effect.forEach(fibers, Fiber.join)
        assert.strictEqual(upstream.asked(), 1)
        assert.isTrue(answers.every(({ text }) => text === "answer 1"))
        assert.strictEqual(answers.filter(({ cached }) => cached === undefined).length, 1)
        assert.deepStrictEqual(answers[99]?.cached, { level: "flight", age: 0, isStale: false })
      })
    )

    it.effect("fails all waiting calls with an error without caching it", () =>
      Effect.gen(function* () {
        const cache = yield* makeMemory()
        let asked = 0
        const chat = cache.stage().effect(() =>
          Effect.suspend(() => {
            asked += 1
            return Effect.delay(Effect.fail(failure), "1 second")
          })
        )
        for (const round of [1, 2]) {
          const fibers = yield* Effect.forEach(Array.from({ length: 10 }), () =>
            Effect.forkChild(chat(call), { startImmediately: true })
          )
          yield* TestClock.adjust("1 second")
          for (const fiber of fibers) assert.deepStrictEqual(yield* Fiber.await(fiber), Exit.fail(failure))
          assert.strictEqual(asked, round)
        }
      })
    )

    it.effect("ends with the deadline or interrupt of its last caller", () =>
      Effect.gen(function* () {
        const { cache, chat, upstream } = yield* makeStage()
        const release = upstream.hold()
        const hasty = yield* Effect.forkChild(Effect.exit(withDeadline(Duration.seconds(1))(chat(call))))
        const patient = yield* Effect.forkChild(chat(call))
        const leaving = yield* Effect.forkChild(chat(call))
        yield* TestClock.adjust("1 second")
        const exit = yield* Fiber.join(hasty)
        assert.isTrue(Exit.isFailure(exit))
        yield* Fiber.interrupt(leaving)
        assert.strictEqual(upstream.running(), 1)
        yield* release
        assert.strictEqual((yield* Fiber.join(patient)).text, "answer 1")
        const again = upstream.hold()
        const last = yield* Effect.forkChild(Effect.exit(withDeadline(Duration.seconds(1))(chat(callOf("Ho")))))
        yield* TestClock.adjust("999 millis")
        assert.strictEqual(upstream.running(), 1)
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(last)
        assert.strictEqual(upstream.running(), 0)
        assert.strictEqual(upstream.interrupted(), 1)
        assert.strictEqual((yield* cache.statistics).flights, 0)
        yield* again
      })
    )

    it.effect("starts a refresh during a running call", () =>
      Effect.gen(function* () {
        const { chat, upstream } = yield* makeStage()
        const release = upstream.hold()
        const use = yield* Effect.forkChild(chat(call), { startImmediately: true })
        yield* TestClock.adjust(0)
        const refresh = CacheControl.provide({ mode: "refresh" })(chat(call))
        const refreshes = [yield* Effect.forkChild(refresh), yield* Effect.forkChild(refresh)]
        yield* TestClock.adjust(0)
        assert.strictEqual(upstream.asked(), 2)
        yield* release
        assert.strictEqual((yield* Fiber.join(use)).text, "answer 1")
        for (const fiber of refreshes) assert.strictEqual((yield* Fiber.join(fiber)).text, "answer 2")
        assert.strictEqual((yield* chat(call)).text, "answer 2")
      })
    )
  })

  describe("stale while revalidate", () => {
    it.effect("refreshes a stale response once while it serves it", () =>
      Effect.gen(function* () {
        const { cache, chat, upstream } = yield* makeStage({ staleAfter: Duration.minutes(1) })
        yield* chat(call)
        yield* TestClock.adjust("1 minute")
        const release = upstream.hold()
        for (let i = 0; i < 50; i++) {
          const stale = yield* chat(call)
          assert.deepStrictEqual(stale.cached, { level: "memory", age: 60_000, isStale: true })
          assert.strictEqual(stale.text, "answer 1")
          if (i % 10 === 0) yield* TestClock.adjust(0)
        }
        assert.strictEqual(upstream.asked(), 2)
        assert.deepStrictEqual((yield* cache.statistics).refreshes, { started: 1, failed: 0, running: 1 })
        yield* release
        yield* TestClock.adjust(0)
        const fresh = yield* chat(call)
        assert.strictEqual(fresh.text, "answer 2")
        assert.deepStrictEqual(fresh.cached, { level: "memory", age: 0, isStale: false })
        assert.strictEqual(upstream.asked(), 2)
        assert.deepStrictEqual((yield* cache.statistics).refreshes, { started: 1, failed: 0, running: 0 })
      })
    )

    it.effect("continues if the caller that started the refresh is interrupted", () =>
      Effect.gen(function* () {
        const { chat, upstream } = yield* makeStage({ staleAfter: Duration.minutes(1) })
        yield* chat(call)
        yield* TestClock.adjust("1 minute")
        const release = upstream.hold()
        const fiber = yield* Effect.forkChild(Effect.andThen(chat(call), Effect.never))
        yield* TestClock.adjust(0)
        assert.strictEqual(upstream.running(), 1)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(upstream.running(), 1)
        yield* release
        yield* TestClock.adjust(0)
        assert.strictEqual((yield* chat(call)).text, "answer 2")
      })
    )

    it.effect("serves the stale response after a failed refresh, which it retries after a pause", () =>
      Effect.gen(function* () {
        const cache = yield* makeMemory({
          timeToLive: Duration.hours(1),
          staleAfter: Duration.minutes(1),
          refreshCooldown: Duration.seconds(10)
        })
        let asked = 0
        const chat = cache.stage().effect(() =>
          Effect.suspend(() => {
            asked += 1
            return asked === 1 || asked === 4 ? Effect.succeed(response(`answer ${asked}`)) : Effect.fail(failure)
          })
        )
        yield* chat(call)
        yield* TestClock.adjust("1 minute")
        for (const expected of [2, 3]) {
          for (let i = 0; i < 5; i++) {
            assert.strictEqual((yield* chat(call)).text, "answer 1")
            yield* TestClock.adjust("1999 millis")
          }
          assert.strictEqual(asked, expected)
          yield* TestClock.adjust("5 millis")
        }
        assert.deepStrictEqual((yield* cache.statistics).refreshes, { started: 2, failed: 2, running: 0 })
        assert.isTrue((yield* chat(call)).cached?.isStale)
        yield* TestClock.adjust(0)
        assert.strictEqual((yield* chat(call)).text, "answer 4")
      })
    )

    it.effect("ends its refreshes with its scope", () =>
      Effect.gen(function* () {
        const upstream = host()
        yield* Effect.scoped(
          Effect.gen(function* () {
            const cache = yield* makeMemory({ staleAfter: Duration.minutes(1) })
            const chat = cache.stage().effect(upstream.attempt)
            yield* chat(call)
            yield* TestClock.adjust("1 minute")
            void upstream.hold()
            yield* chat(call)
            yield* TestClock.adjust(0)
            assert.strictEqual(upstream.running(), 1)
          })
        )
        yield* TestClock.adjust(0)
        assert.strictEqual(upstream.running(), 0)
        assert.strictEqual(upstream.interrupted(), 1)
      })
    )
  })
})
