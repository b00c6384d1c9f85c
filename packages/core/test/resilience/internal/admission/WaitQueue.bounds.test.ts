import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { KimiError } from "../../../../src/errors/KimiError.ts"
import * as CallDeadline from "../../../../src/pipeline/internal/CallDeadline.ts"
import type { Block } from "../../../../src/resilience/internal/admission/AdmissionRefusals.ts"
import type { PermitRequest } from "../../../../src/resilience/internal/admission/Limiter.ts"
import { type RevocablePermit, WaitQueue } from "../../../../src/resilience/internal/admission/WaitQueue.ts"
import { forever } from "../../support/account.ts"
import { start } from "../../support/admission.ts"
import { errorOf } from "../../support/breaker.ts"

const ask: PermitRequest = { account: "moonshot", tokens: () => 0 }
const permit: RevocablePermit = { recordRateStatus: () => undefined, release: () => Effect.void, revoke: Effect.void }
const second = 1_000

/** A queue with a longest wait of ten seconds, whose decisions a test controls. */
const makeQueue = Effect.fnUntraced(function* () {
  // Times differ from durations.
  yield* TestClock.adjust("1 minute")
  const settings = {
    decide: (): RevocablePermit | number => forever,
    blockOf: (_tokens: number): Block | undefined => undefined
  }
  /** The arguments of every question what blocks a call. */
  const asked: Array<readonly [tokens: number, ahead: number]> = []
  const queue = new WaitQueue(
    "moonshot",
    { maxWait: Duration.seconds(10), maxQueue: 10 },
    {
      decide: () => settings.decide(),
      blockOf: (tokens, ahead) => {
        asked.push([tokens, ahead])
        return settings.blockOf(tokens)
      },
      estimateWait: () => 0
    },
    yield* Effect.context<never>()
  )
  /** A call that waits, with this many milliseconds until its deadline. */
  const call = (tokens: number, bound: number = forever, atLeast: number = forever) =>
    start(
      CallDeadline.within(bound)(Effect.uninterruptibleMask((restore) => queue.wait(ask, tokens, atLeast, restore)))
    )
  return { asked, call, queue, settings }
})

/** The error of a call that has failed by now. */
const failed = <A, E extends KimiError>(fiber: Fiber.Fiber<A, E>) => {
  const exit = fiber.pollUnsafe()
  return exit === undefined ? assert.fail("the call waits") : errorOf(exit)
}

describe("a call of a wait queue", () => {
  it.effect("times out at once if it is admitted no earlier than its longest wait ends", () =>
    Effect.gen(function* () {
      const { call, settings } = yield* makeQueue()
      settings.decide = () => 10 * second
      assert.strictEqual(failed(yield* call(1))?._tag, "AdmissionTimeoutError")
    })
  )

  it.effect("times out if its deadline ends with its longest wait", () =>
    Effect.gen(function* () {
      const { call, settings } = yield* makeQueue()
      settings.decide = () => 10 * second
      assert.strictEqual(failed(yield* call(1, 10 * second))?._tag, "AdmissionTimeoutError")
    })
  )

  it.effect("is refused at once if it is decided again after its deadline", () =>
    Effect.gen(function* () {
      const { call, settings } = yield* makeQueue()
      settings.decide = () => 7 * second
      const error = failed(yield* call(1, 5 * second))
      assert.deepInclude({ ...error }, { _tag: "RateLimitError", retryAfter: Duration.seconds(7) })
      assert.include(error?.message, "its deadline ends in 5s")
    })
  )

  it.effect("is refused with what blocks it, where that is known", () =>
    Effect.gen(function* () {
      const { call, settings } = yield* makeQueue()
      const first = yield* call(1, 5 * second)
      settings.decide = () => 7 * second
      settings.blockOf = () => ({ waitMillis: 8 * second, rate: "tokensPerDay" })
      yield* call(2)
      assert.deepInclude({ ...failed(first) }, { _tag: "DailyLimitError", retryAfter: Duration.seconds(8) })
    })
  )

  it.effect("does not wait for what ends exactly at its deadline", () =>
    Effect.gen(function* () {
      const { call, settings } = yield* makeQueue()
      settings.blockOf = () => ({ waitMillis: 5 * second, rate: "requestsPerMinute" })
      const error = failed(yield* call(1, 5 * second))
      assert.strictEqual(error?._tag, "RateLimitError")
      assert.include(error?.message, "its deadline ends in 5s")
      const waits = yield* call(1, 5 * second + 1)
      assert.isUndefined(waits.pollUnsafe())
    })
  )

  it.effect("times out in place of a refusal if its longest wait ends by its deadline", () =>
    Effect.gen(function* () {
      const { call, settings } = yield* makeQueue()
      settings.blockOf = () => ({ waitMillis: 30 * second, rate: "requestsPerMinute" })
      for (const bound of [10 * second, 20 * second]) {
        assert.strictEqual(failed(yield* call(1, bound, 30 * second))?._tag, "AdmissionTimeoutError")
      }
    })
  )

  it.effect("leaves room for those of its tenant that wait for as long as it may", () =>
    Effect.gen(function* () {
      const { asked, call } = yield* makeQueue()
      for (const bound of [3, 4, 5]) yield* call(bound, bound * second)
      yield* call(9, 4 * second)
      assert.deepStrictEqual(asked.at(-1), [9, 2])
    })
  )

  it.effect("waits for nothing when it is interrupted before", () =>
    Effect.gen(function* () {
      const { queue } = yield* makeQueue()
      const gate = yield* Deferred.make<void>()
      const fiber = yield* start(
        Effect.uninterruptibleMask((restore) =>
          Effect.andThen(Deferred.await(gate), queue.wait(ask, 1, forever, restore))
        )
      )
      yield* start(Fiber.interrupt(fiber))
      yield* Deferred.succeed(gate, undefined)
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.hasInterrupts(exit))
      assert.isFalse(Exit.hasDies(exit))
      assert.strictEqual(queue.size, 0)
    })
  )
})

describe("a call behind the first of a wait queue", () => {
  it.effect("is refused at once if its deadline ends before the first is admitted", () =>
    Effect.gen(function* () {
      const { call, queue, settings } = yield* makeQueue()
      const first = yield* call(1)
      const [hasty, patient] = [yield* call(2, 4 * second), yield* call(3, 6 * second)]
      settings.decide = () => 5 * second
      settings.blockOf = () => ({ waitMillis: 5 * second, rate: "requestsPerMinute" })
      queue.dispatch()
      assert.strictEqual(failed(hasty)?._tag, "RateLimitError")
      assert.isUndefined(first.pollUnsafe())
      assert.isUndefined(patient.pollUnsafe())
    })
  )

  it.effect("is refused if what blocks it ends exactly at its deadline", () =>
    Effect.gen(function* () {
      const { call, queue, settings } = yield* makeQueue()
      yield* call(1)
      const hasty = yield* call(2, 4 * second)
      settings.decide = () => 5 * second
      settings.blockOf = () => ({ waitMillis: 4 * second, rate: "requestsPerMinute" })
      queue.dispatch()
      assert.strictEqual(failed(hasty)?._tag, "RateLimitError")
    })
  )

  it.effect("waits if nothing blocks it, since the first may leave", () =>
    Effect.gen(function* () {
      const { call, queue, settings } = yield* makeQueue()
      yield* call(1)
      const small = yield* call(2, 4 * second)
      settings.decide = () => 5 * second
      queue.dispatch()
      assert.isUndefined(small.pollUnsafe())
      settings.blockOf = () => ({ waitMillis: 3 * second, rate: "tokensPerMinute" })
      queue.dispatch()
      assert.isUndefined(small.pollUnsafe())
    })
  )

  it.effect("is refused when it is blocked later, after others were", () =>
    Effect.gen(function* () {
      const { call, queue, settings } = yield* makeQueue()
      yield* call(1)
      const calls = [yield* call(2, 3 * second), yield* call(3, 4 * second), yield* call(4, 6 * second)]
      settings.decide = () => 5 * second
      settings.blockOf = (tokens) => ({ waitMillis: tokens === 2 ? 5 * second : 0, rate: "tokensPerMinute" })
      queue.dispatch()
      assert.deepStrictEqual(
        calls.map((fiber) => fiber.pollUnsafe() === undefined),
        [false, true, true]
      )
      settings.blockOf = () => ({ waitMillis: 5 * second, rate: "tokensPerMinute" })
      queue.dispatch()
      assert.deepStrictEqual(
        calls.map((fiber) => fiber.pollUnsafe() === undefined),
        [false, false, true]
      )
    })
  )

  it.effect("is not asked about any more once it has left", () =>
    Effect.gen(function* () {
      const { asked, call, queue, settings } = yield* makeQueue()
      yield* call(1)
      const gone = yield* call(2, 3 * second)
      yield* call(3, 4 * second)
      yield* Fiber.interrupt(gone)
      settings.decide = () => 5 * second
      asked.length = 0
      queue.dispatch()
      assert.deepStrictEqual(asked, [[3, 0]])
    })
  )
})

describe("the decisions of a wait queue", () => {
  it.effect("are not made within each other", () =>
    Effect.gen(function* () {
      const { call, queue, settings } = yield* makeQueue()
      let depth = 0
      let deepest = 0
      let calls = 0
      settings.decide = () => {
        depth += 1
        deepest = Math.max(deepest, depth)
        if (++calls < 5) queue.dispatch()
        depth -= 1
        return calls < 5 ? forever : permit
      }
      const fiber = yield* call(1)
      assert.strictEqual(yield* Fiber.join(fiber), permit)
      assert.deepStrictEqual([calls, deepest], [5, 1])
    })
  )

  it.effect("are repeated at the time that one of them names", () =>
    Effect.gen(function* () {
      const { call, settings } = yield* makeQueue()
      settings.decide = () => 5 * second
      const fiber = yield* call(1)
      settings.decide = () => permit
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(fiber), permit)
    })
  )
})
