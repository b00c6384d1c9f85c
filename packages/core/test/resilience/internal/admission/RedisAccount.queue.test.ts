import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { KimiError } from "../../../../src/errors/KimiError.ts"
import * as CallDeadline from "../../../../src/pipeline/internal/CallDeadline.ts"
import { start } from "../../support/admission.ts"
import { errorOf } from "../../support/breaker.ts"
import { makeRedisAccount } from "../../support/redisAccount.ts"

const moment = TestClock.adjust("1 millis")

/** The error of a call that has failed by now. */
const failed = <A, E extends KimiError>(fiber: Fiber.Fiber<A, E>) => {
  const exit = fiber.pollUnsafe()
  return exit === undefined ? assert.fail("the call waits") : errorOf(exit)
}

describe("a call of an account on Redis", () => {
  it.effect("fails at once if it is larger than its limit, although others wait", () =>
    Effect.gen(function* () {
      const { acquire, call } = yield* makeRedisAccount({ concurrency: 1, tokensPerMinute: 100 })
      yield* acquire()
      yield* call()
      assert.strictEqual(failed(yield* call(101))?._tag, "AdmissionLimitError")
    })
  )

  it.effect("fails when a change makes it larger than its limit while it waits", () =>
    Effect.gen(function* () {
      const { account, acquire, call } = yield* makeRedisAccount({ concurrency: 1, tokensPerMinute: 1_000 })
      yield* acquire()
      const waiting = yield* call(500)
      account.change({ concurrency: 1, tokensPerMinute: 100 })
      assert.strictEqual(failed(waiting)?._tag, "AdmissionLimitError")
    })
  )

  it.effect("is refused at once if its deadline ends before a rate of this process has capacity", () =>
    Effect.gen(function* () {
      const { acquire } = yield* makeRedisAccount({ requestsPerMinute: 1 })
      yield* acquire()
      const late = yield* start(CallDeadline.within(5_000)(acquire()))
      assert.deepInclude({ ...failed(late) }, { _tag: "RateLimitError", limit: 1 })
    })
  )

  it.effect("asks Redis no earlier than the refusal of another call allows", () =>
    Effect.gen(function* () {
      const { call, count, settings } = yield* makeRedisAccount({ tokensPerMinute: 100 })
      settings.reply = () => Effect.succeed({ status: "wait", waitMillis: 700 })
      yield* Fiber.interrupt(yield* call(5))
      yield* call(5)
      yield* TestClock.adjust("699 millis")
      assert.strictEqual(count("acquire"), 1)
      yield* TestClock.adjust("2 millis")
      assert.strictEqual(count("acquire"), 2)
    })
  )

  it.effect("is refused by a full queue with the time until Redis is asked again", () =>
    Effect.gen(function* () {
      const { call, settings } = yield* makeRedisAccount({}, 1, 1)
      settings.reply = () => Effect.succeed({ status: "wait", waitMillis: 700 })
      yield* call()
      assert.deepInclude(
        { ...failed(yield* call()) },
        { _tag: "AdmissionQueueFullError", retryAfter: Duration.millis(700) }
      )
    })
  )

  it.effect("asks Redis again after a second, although the refusal is for longer", () =>
    Effect.gen(function* () {
      const { call, count, settings } = yield* makeRedisAccount({})
      settings.reply = () => Effect.succeed({ status: "full" })
      yield* call()
      settings.reply = () => Effect.succeed({ status: "wait", waitMillis: 5_000 })
      yield* TestClock.adjust("51 millis")
      assert.strictEqual(count("acquire"), 2)
      yield* TestClock.adjust("1001 millis")
      assert.strictEqual(count("acquire"), 3)
    })
  )

  it.effect("asks Redis again at once after Redis has lost its data", () =>
    Effect.gen(function* () {
      const { call, commands, settings } = yield* makeRedisAccount({})
      settings.reply = (operation) => Effect.succeed(operation === "acquire" ? { status: "reset" } : {})
      const lost = yield* call()
      settings.reply = () => Effect.succeed({})
      yield* Fiber.join(lost)
      const next = yield* call()
      yield* moment
      assert.isDefined(next.pollUnsafe())
      assert.include(commands, "report 0")
    })
  )
})

describe("the queue of an account on Redis", () => {
  it.effect("asks Redis for one call at a time", () =>
    Effect.gen(function* () {
      const { account, call, count, settings } = yield* makeRedisAccount({})
      settings.reply = () => Effect.succeed({ status: "full" })
      const [first, second] = [yield* call(), yield* call()]
      settings.reply = () => Effect.delay(Effect.succeed({}), "100 millis")
      yield* TestClock.adjust("50 millis")
      account.change({})
      assert.strictEqual(count("acquire"), 2)
      yield* TestClock.adjust("101 millis")
      assert.deepStrictEqual([first.pollUnsafe() === undefined, second.pollUnsafe() === undefined], [false, true])
      yield* TestClock.adjust("100 millis")
      assert.isDefined(second.pollUnsafe())
      assert.strictEqual(count("acquire"), 3)
    })
  )

  it.effect("does not give the permit of a call that has left to one of another size", () =>
    Effect.gen(function* () {
      const { call, commands, settings } = yield* makeRedisAccount({ tokensPerMinute: 1_000 })
      settings.reply = () => Effect.succeed({ status: "wait", waitMillis: 50 })
      const [large, small] = [yield* call(50), yield* call(10)]
      settings.reply = () => Effect.delay(Effect.succeed({}), "100 millis")
      yield* TestClock.adjust("50 millis")
      yield* Fiber.interrupt(large)
      yield* TestClock.adjust("250 millis")
      assert.isDefined(small.pollUnsafe())
      assert.sameMembers(commands, ["acquire 1 50", "acquire 2 50", "release 2", "acquire 3 10"])
    })
  )

  it.effect("has nothing to revoke if Redis refuses a call that has left", () =>
    Effect.gen(function* () {
      const { account, call, commands, defects, settings } = yield* makeRedisAccount({})
      settings.reply = () => Effect.succeed({ status: "full" })
      const gone = yield* call()
      settings.reply = () => Effect.delay(Effect.succeed({ status: "full" }), "100 millis")
      yield* TestClock.adjust("50 millis")
      yield* Fiber.interrupt(gone)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(commands, ["acquire 1 0", "acquire 2 0"])
      assert.deepStrictEqual(defects, [])
      assert.isTrue(account.isIdle())
    })
  )

  it.effect("asks Redis at once when a call ends after all permits were taken", () =>
    Effect.gen(function* () {
      const { acquire, call, settings } = yield* makeRedisAccount({ concurrency: 5 })
      const permit = yield* acquire()
      settings.reply = () => Effect.succeed({ status: "full" })
      const waiting = yield* call()
      yield* TestClock.adjust("10 millis")
      settings.reply = () => Effect.succeed({})
      yield* permit.release("success")
      yield* moment
      assert.isDefined(waiting.pollUnsafe())
    })
  )

  it.effect("does not ask Redis when a call ends after a rate was used up", () =>
    Effect.gen(function* () {
      const { acquire, call, count, settings } = yield* makeRedisAccount({ tokensPerMinute: 1_000 })
      const permit = yield* acquire(10)
      settings.reply = () => Effect.succeed({ status: "wait", waitMillis: 5_000 })
      yield* call(10)
      yield* TestClock.adjust("10 millis")
      yield* permit.release("success")
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(count("acquire"), 2)
    })
  )
})

describe("an account on Redis", () => {
  it.effect("is idle before its first call", () =>
    Effect.gen(function* () {
      const { account } = yield* makeRedisAccount({})
      assert.isTrue(account.isIdle())
    })
  )

  it.effect("is not idle while a call runs", () =>
    Effect.gen(function* () {
      const { account, acquire } = yield* makeRedisAccount({})
      const permit = yield* acquire()
      assert.isFalse(account.isIdle())
      yield* permit.release("success")
      assert.isTrue(account.isIdle())
    })
  )

  it.effect("is not idle while a call waits", () =>
    Effect.gen(function* () {
      const { account, call, settings } = yield* makeRedisAccount({})
      settings.reply = () => Effect.succeed({ status: "wait", waitMillis: 5_000 })
      const waiting = yield* call()
      assert.isFalse(account.isIdle())
      yield* start(Fiber.interrupt(waiting))
      assert.isTrue(account.isIdle())
    })
  )
})
