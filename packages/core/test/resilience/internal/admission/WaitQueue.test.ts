import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../../../src/CallOptions.ts"
import { AdmissionLimitError, CircuitOpenError } from "../../../../src/errors/ResilienceErrors.ts"
import type { PermitRequest } from "../../../../src/resilience/internal/admission/Limiter.ts"
import { start } from "../../support/admission.ts"
import { errorOf } from "../../support/breaker.ts"
import { ask, makeQueue } from "../../support/waitQueue.ts"

const circuitOpen = new CircuitOpenError({ message: "open", key: "moonshot/kimi-k3", state: "open" })

describe("WaitQueue", () => {
  it.effect("admits as many calls as there are permits, in order", () =>
    Effect.gen(function* () {
      const { call, log, open, queue } = yield* makeQueue()
      for (const number of [1, 2, 3]) yield* start(call(number, Effect.never))
      assert.strictEqual(queue.size, 3)
      open(2)
      assert.deepStrictEqual(log, ["began 1", "began 2"])
      assert.strictEqual(queue.size, 1)
      open(1)
      assert.deepStrictEqual(log, ["began 1", "began 2", "began 3"])
      assert.strictEqual(queue.size, 0)
    })
  )

  it.effect("decides again after the returned wait, with one timer for all calls", () =>
    Effect.gen(function* () {
      const { call, close, counting, log, open, queue } = yield* makeQueue()
      close(500)
      for (const number of [1, 2, 3, 4]) yield* start(call(number))
      assert.strictEqual(counting.asleep(), 1)
      assert.strictEqual(counting.begun(), 1)
      yield* TestClock.adjust("499 millis")
      open(0)
      assert.strictEqual(counting.asleep(), 1)
      close(1_000)
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(queue.size, 4)
      assert.strictEqual(counting.asleep(), 1)
      open(9)
      assert.deepStrictEqual(
        log.filter((entry) => entry.startsWith("began")),
        ["began 1", "began 2", "began 3", "began 4"]
      )
      assert.strictEqual(counting.asleep(), 0)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(counting.asleep(), 0)
    })
  )

  it.effect("times out exactly at maxWait, with an estimate of the remaining wait", () =>
    Effect.gen(function* () {
      const { call, counting, estimates, queue } = yield* makeQueue({ maxWait: "10 seconds" })
      const first = yield* start(call(5))
      yield* TestClock.adjust("4 seconds")
      const second = yield* start(call(7))
      yield* TestClock.adjust("5999 millis")
      assert.isUndefined(first.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = errorOf(yield* Fiber.await(first))
      assert.deepInclude(
        { ...error },
        {
          _tag: "AdmissionTimeoutError",
          account: "moonshot",
          maxWait: Duration.seconds(10),
          retryAfter: Duration.millis(1_235)
        }
      )
      // Behind the one that still waits: two calls, and the tokens of both.
      assert.deepStrictEqual(estimates, [[2, 12]])
      yield* TestClock.adjust("3999 millis")
      assert.isUndefined(second.pollUnsafe())
      assert.strictEqual(counting.asleep(), 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(errorOf(yield* Fiber.await(second))?._tag, "AdmissionTimeoutError")
      assert.strictEqual(queue.size, 0)
      assert.strictEqual(counting.asleep(), 0)
    })
  )

  it.effect("fails at once if the minimum wait is too long", () =>
    Effect.gen(function* () {
      const { call, queue } = yield* makeQueue({ maxWait: "10 seconds" })
      for (const atLeast of [10_000, 20_000, 90_000_000]) {
        const error = yield* Effect.flip(call(1, Effect.void, atLeast))
        assert.deepInclude({ ...error }, { _tag: "AdmissionTimeoutError", retryAfter: Duration.millis(atLeast) })
      }
      const fiber = yield* start(call(1, Effect.void, 9_999))
      assert.strictEqual(queue.size, 1)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("estimates by what still waits", () =>
    Effect.gen(function* () {
      const { call, estimates, open } = yield* makeQueue({ maxQueue: 3 })
      for (const number of [10, 20, 30]) yield* start(call(number, Effect.never))
      open(1)
      const leaves = yield* start(call(40))
      yield* Fiber.interrupt(leaves)
      yield* start(call(50))
      yield* Effect.flip(call(1))
      assert.deepStrictEqual(estimates, [[4, 20 + 30 + 50 + 1]])
    })
  )

  it.effect("refuses a call if the queue of its priority is full", () =>
    Effect.gen(function* () {
      const { call, estimates, queue } = yield* makeQueue({ maxQueue: 2 })
      for (const number of [1, 2]) yield* start(call(number))
      const error = yield* Effect.flip(call(4))
      assert.deepInclude(
        { ...error },
        {
          _tag: "AdmissionQueueFullError",
          account: "moonshot",
          limit: 2,
          retryAfter: Duration.millis(1_235)
        }
      )
      assert.deepStrictEqual(estimates, [[3, 7]])
      const batch = yield* start(CallOptions.provide({ priority: "batch" })(call(5)))
      assert.strictEqual(queue.size, 3)
      yield* Fiber.interrupt(batch)
      assert.strictEqual(queue.size, 2)
    })
  )

  it.effect("fails the next call with the error of the decision before it decides the others", () =>
    Effect.gen(function* () {
      const { call, close, open, queue } = yield* makeQueue()
      const fibers = []
      for (const number of [1, 2, 3]) fibers.push(yield* start(call(number)))
      const limit = new AdmissionLimitError({
        message: "too large",
        account: "moonshot",
        kind: "tokens per minute",
        limit: 1,
        tokens: 2
      })
      open(1)
      close(limit)
      open(0)
      const [first, ...others] = fibers
      assert.isDefined(first)
      yield* Fiber.join(first)
      for (const fiber of others) assert.strictEqual(errorOf(yield* Fiber.await(fiber)), limit)
      assert.strictEqual(queue.size, 0)
    })
  )

  it.effect("rejects a call whose circuit opens while it waits, without using a permit", () =>
    Effect.gen(function* () {
      const { log, open, permits, queue } = yield* makeQueue()
      let isOpen = false
      const watched: Array<string> = []
      const watching: PermitRequest = {
        ...ask,
        watch: () => {
          watched.push("begins to wait")
          return () => {
            watched.push("asked")
            return isOpen ? circuitOpen : undefined
          }
        }
      }
      const fiber = yield* start(
        Effect.uninterruptibleMask((restore) => queue.wait(watching, 1, Number.POSITIVE_INFINITY, restore))
      )
      assert.deepStrictEqual(watched, ["begins to wait", "asked"])
      isOpen = true
      open(1)
      assert.strictEqual(errorOf(yield* Fiber.await(fiber)), circuitOpen)
      assert.strictEqual(permits(), 1)
      assert.deepStrictEqual(log, [])
    })
  )

  it.effect("sets its timer to the next deadline if the call with the earliest one leaves", () =>
    Effect.gen(function* () {
      const { call, counting, queue } = yield* makeQueue({ maxWait: "10 seconds" })
      const first = yield* start(call(1))
      yield* TestClock.adjust("3 seconds")
      const second = yield* start(call(2))
      yield* Fiber.interrupt(first)
      assert.strictEqual(counting.asleep(), 1)
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(second.pollUnsafe())
      assert.strictEqual(counting.asleep(), 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(errorOf(yield* Fiber.await(second))?._tag, "AdmissionTimeoutError")
      assert.strictEqual(queue.size, 0)
    })
  )
})
