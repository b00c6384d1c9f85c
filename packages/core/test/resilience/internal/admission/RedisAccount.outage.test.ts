import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { ask, isIdle, start } from "../../support/admission.ts"
import { makeRedisAdmission, makeFakeRedis } from "../../support/admissionRedis.ts"
import { startCall, countAdmitted } from "../../support/heldCalls.ts"
import { logs } from "../../support/redisCircuits.ts"

describe("Admission while Redis is unavailable", () => {
  it.effect("uses its local share until a minute after an outage", () => {
    const { layer, lines } = logs()
    return Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, {
        limits: { requestsPerMinute: 100 },
        maxWait: "5 minutes"
      })
      assert.strictEqual(yield* countAdmitted(admission, 10), 10)
      fakeRedis.mode = "failing"
      // The local share is 50, of which 10 are used.
      assert.strictEqual(yield* countAdmitted(admission, 100), 40)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(lines.length, 1)
      assert.deepStrictEqual(lines[0], [
        "Warn",
        "Redis is unavailable: this process uses 50 % of the account's limits until it is available again"
      ])
      fakeRedis.mode = "up"
      yield* TestClock.adjust("1002 millis")
      assert.deepStrictEqual(lines.slice(1), [["Info", "Redis is available again: the account's limits are shared"]])
      assert.strictEqual((yield* fakeRedis.spent).requests, 50)
      assert.strictEqual(yield* countAdmitted(admission, 10), 0)
      yield* TestClock.adjust("54 seconds")
      assert.strictEqual(yield* countAdmitted(admission, 100), 50)
      yield* TestClock.adjust("8 seconds")
      // The minute of the local share is over.
      assert.strictEqual(yield* countAdmitted(admission, 100), 50)
      assert.strictEqual(lines.length, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("takes only its share of what was left when the outage started", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const one = yield* makeRedisAdmission(fakeRedis, { limits: { requestsPerMinute: 100 } })
      const two = yield* makeRedisAdmission(fakeRedis, { limits: { requestsPerMinute: 100 } })
      assert.strictEqual(yield* countAdmitted(one, 80), 80)
      assert.strictEqual(yield* countAdmitted(two, 4), 4)
      fakeRedis.mode = "failing"
      // 84 were used: half of the rest is 8. The process that is above its share takes nothing more.
      assert.strictEqual(yield* countAdmitted(two, 100), 8)
      assert.strictEqual(yield* countAdmitted(one, 100), 0)
      yield* TestClock.adjust("54 seconds")
      assert.strictEqual(yield* countAdmitted(two, 100), 4)
    })
  )

  it.effect("leaves other processes the permits that they held when the outage started", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const options = { limits: { concurrency: 20 }, maxWait: "5 minutes" } as const
      const one = yield* makeRedisAdmission(fakeRedis, options)
      const two = yield* makeRedisAdmission(fakeRedis, options)
      for (let call = 0; call < 16; call++) yield* startCall(one)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* countAdmitted(two, 1), 1)
      fakeRedis.mode = "failing"
      const calls = yield* Effect.forEach(Array.from({ length: 20 }), () => startCall(two))
      const running = () => calls.filter(({ isRunning }) => isRunning()).length
      yield* TestClock.adjust("1 second")
      assert.strictEqual(running(), 4)
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(running(), 10)
    })
  )

  it.effect("delays calls once in total for a Redis that does not reply", () => {
    const { layer, lines } = logs()
    return Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, { limits: { concurrency: 100 }, timeout: "250 millis" })
      fakeRedis.mode = "silent"
      const calls = yield* Effect.forEach(Array.from({ length: 40 }), () => startCall(admission))
      yield* TestClock.adjust("249 millis")
      assert.isFalse(calls.some(({ isRunning }) => isRunning()))
      yield* TestClock.adjust("1 millis")
      assert.isTrue(calls.every(({ isRunning }) => isRunning()))
      assert.strictEqual(fakeRedis.commands.length, 40)
      // The next calls do not wait, and Redis is used once in 1.25 seconds.
      const next = yield* startCall(admission)
      assert.isTrue(next.isRunning())
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(fakeRedis.commands.slice(40), ["report", "report", "report", "report"])
      assert.strictEqual(lines.length, 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("reports running calls when Redis is available again", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, { limits: { concurrency: 10 } })
      const [before, ended] = [yield* startCall(admission), yield* startCall(admission)]
      yield* TestClock.adjust("1 second")
      fakeRedis.mode = "failing"
      const meanwhile = yield* startCall(admission)
      yield* ended.end
      yield* TestClock.adjust("3 seconds")
      assert.isTrue(meanwhile.isRunning())
      fakeRedis.mode = "up"
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(fakeRedis.permits.size, 2)
      yield* before.end
      yield* meanwhile.end
      yield* TestClock.adjust("1 second")
      assert.strictEqual(fakeRedis.permits.size, 0)
      assert.strictEqual((yield* fakeRedis.spent).requests, 3)
      yield* isIdle(admission)
    })
  )

  it.effect("reports its usage to a Redis that was reset, without a further call", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, {
        limits: { tokensPerMinute: 1_000 },
        lease: "30 seconds"
      })
      const running = yield* startCall(admission, 300)
      yield* TestClock.adjust("1 second")
      fakeRedis.forget()
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* fakeRedis.spent, { requests: 1, tokens: 300 })
      assert.strictEqual(fakeRedis.permits.size, 1)
      yield* running.end
      yield* TestClock.adjust("1 second")
      assert.strictEqual(fakeRedis.permits.size, 0)
    })
  )

  it.effect("does not report what Redis refused because of the reset", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, { limits: { concurrency: 100 } })
      assert.strictEqual(yield* countAdmitted(admission, 1), 1)
      fakeRedis.forget()
      assert.strictEqual(yield* countAdmitted(admission, 20), 20)
      assert.strictEqual((yield* fakeRedis.spent).requests, 21)
    })
  )

  it.effect("counts what is admitted during a report", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, { limits: { concurrency: 100 }, cooldown: "1 second" })
      fakeRedis.mode = "failing"
      yield* countAdmitted(admission, 3)
      fakeRedis.mode = "up"
      fakeRedis.delay = Duration.millis(200)
      for (let call = 0; call < 40; call++) {
        yield* start(admission.guard(ask())(Effect.void))
        yield* TestClock.adjust("50 millis")
      }
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* fakeRedis.spent).requests, 43)
      assert.strictEqual(fakeRedis.permits.size, 0)
    })
  )

  it.effect("admits a call that is larger than the share alone", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, { limits: { tokensPerMinute: 1_000 } })
      fakeRedis.mode = "failing"
      assert.strictEqual(yield* countAdmitted(admission, 2, 700), 1)
    })
  )

  it.effect("stops retrying when it is closed", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const scope = yield* Scope.make()
      const admission = yield* Scope.provide(makeRedisAdmission(fakeRedis, {}), scope)
      fakeRedis.mode = "failing"
      assert.strictEqual(yield* countAdmitted(admission, 1), 1)
      yield* Scope.close(scope, Exit.void)
      const commands = fakeRedis.commands.length
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(fakeRedis.commands.length, commands)
    })
  )
})
