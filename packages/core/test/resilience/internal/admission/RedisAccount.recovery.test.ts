import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { died, makeRedisAccount } from "../../support/redisAccount.ts"

const moment = TestClock.adjust("1 millis")

describe("an account while Redis is unavailable", () => {
  it.effect("asks Redis for no permit", () =>
    Effect.gen(function* () {
      const { acquire, count, settings } = yield* makeRedisAccount({})
      settings.reply = () => died
      yield* acquire()
      settings.reply = () => Effect.never
      yield* TestClock.adjust("1100 millis")
      assert.strictEqual(count("report"), 1)
      yield* acquire()
      assert.strictEqual(count("acquire"), 1)
      yield* TestClock.adjust("1 second")
    })
  )

  it.effect("sends no release", () =>
    Effect.gen(function* () {
      const { acquire, count, settings } = yield* makeRedisAccount({})
      const permit = yield* acquire()
      settings.reply = () => died
      yield* acquire()
      yield* TestClock.adjust("1500 millis")
      yield* permit.release("success")
      yield* moment
      assert.strictEqual(count("release"), 0)
    })
  )

  it.effect("is not idle until it has reported", () =>
    Effect.gen(function* () {
      const { account, acquire, settings } = yield* makeRedisAccount({})
      settings.reply = () => died
      const permit = yield* acquire()
      yield* permit.release("success")
      assert.isFalse(account.isIdle())
      settings.reply = () => Effect.delay(Effect.succeed({}), "100 millis")
      yield* TestClock.adjust("1050 millis")
      assert.isFalse(account.isIdle())
      yield* TestClock.adjust("100 millis")
      // Its permits are renewed.
      assert.isFalse(account.isIdle())
      yield* TestClock.adjust("100 millis")
      assert.isTrue(account.isIdle())
    })
  )

  it.effect("leaves others the permits of the latest reply", () =>
    Effect.gen(function* () {
      const { acquire, account, call, settings } = yield* makeRedisAccount({ concurrency: 10 })
      settings.reply = () => Effect.succeed({ inFlight: 10 })
      yield* acquire()
      settings.reply = () => died
      account.markStale()
      const waiting = yield* call()
      yield* moment
      assert.isUndefined(waiting.pollUnsafe())
    })
  )

  it.effect("leaves others the permits of the reply to its latest report", () =>
    Effect.gen(function* () {
      const { account, call, settings } = yield* makeRedisAccount({ concurrency: 10 })
      settings.reply = () => Effect.succeed({ inFlight: 9 })
      account.markStale()
      yield* moment
      settings.reply = () => died
      account.markStale()
      const [first, second] = [yield* call(), yield* call()]
      yield* moment
      assert.deepStrictEqual([first.pollUnsafe() === undefined, second.pollUnsafe() === undefined], [false, true])
    })
  )
})

describe("an account when Redis is available again", () => {
  it.effect("releases the permit of a request without a reply", () =>
    Effect.gen(function* () {
      const { acquire, commands, settings } = yield* makeRedisAccount({})
      settings.reply = () => died
      yield* acquire()
      settings.reply = () => Effect.succeed({})
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(commands, ["acquire 1 0", "report 1", "renew held 2 released 1"])
    })
  )

  it.effect("releases the permits that Redis has of calls that have ended", () =>
    Effect.gen(function* () {
      const { acquire, commands, settings } = yield* makeRedisAccount({})
      const stored = yield* acquire()
      settings.reply = () => died
      const local = yield* acquire()
      yield* stored.release("success")
      yield* local.release("success")
      settings.reply = () => Effect.succeed({})
      yield* TestClock.adjust("1 second")
      assert.strictEqual(commands.at(-1), "renew held  released 2+1")
    })
  )

  it.effect("takes permits that it has renewed for permits that Redis has", () =>
    Effect.gen(function* () {
      const { account, acquire, commands, settings } = yield* makeRedisAccount({})
      settings.reply = () => died
      const permit = yield* acquire()
      settings.reply = () => Effect.succeed({})
      yield* TestClock.adjust("1 second")
      settings.reply = () => died
      account.markStale()
      yield* permit.release("success")
      settings.reply = () => Effect.succeed({})
      yield* TestClock.adjust("2 seconds")
      // The first permit is confirmed to be released, and is not stated again.
      assert.deepStrictEqual(commands.slice(-2), ["report 1", "renew held  released 2"])
    })
  )

  it.effect("releases a permit whose release got no reply", () =>
    Effect.gen(function* () {
      const { acquire, commands, settings } = yield* makeRedisAccount({})
      const permit = yield* acquire()
      settings.reply = () => died
      yield* permit.release("success")
      settings.reply = () => Effect.succeed({})
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(commands, ["acquire 1 0", "release 1", "report 0", "renew held  released 1"])
    })
  )

  it.effect("uses its share if a renewal gets no reply", () =>
    Effect.gen(function* () {
      const { account, acquire, count, defects, settings } = yield* makeRedisAccount({})
      yield* acquire()
      settings.reply = () => died
      yield* account.renew()
      yield* acquire()
      assert.strictEqual(count("acquire"), 1)
      assert.deepStrictEqual(defects, [])
    })
  )

  it.effect("asks for no permit while it reports to a Redis that has lost its data", () =>
    Effect.gen(function* () {
      const { call, count, settings } = yield* makeRedisAccount({})
      settings.reply = (operation) =>
        operation === "acquire" ? Effect.succeed({ status: "reset" }) : Effect.delay(Effect.succeed({}), "100 millis")
      for (let number = 0; number < 3; number++) assert.isDefined((yield* call()).pollUnsafe())
      assert.strictEqual(count("acquire"), 1)
      yield* TestClock.adjust("1 second")
    })
  )

  it.effect("reports once in a second although renewals fail", () =>
    Effect.gen(function* () {
      const { acquire, count, settings } = yield* makeRedisAccount({})
      settings.reply = (operation) => (operation === "report" ? Effect.delay(Effect.succeed({}), "10 millis") : died)
      yield* acquire()
      yield* TestClock.adjust("2500 millis")
      assert.strictEqual(count("report"), 2)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(count("report"), 4)
    })
  )
})
