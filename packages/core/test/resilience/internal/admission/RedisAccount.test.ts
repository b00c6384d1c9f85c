import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Random, Scope } from "effect"
import { TestClock } from "effect/testing"
import { AdmissionTimeoutError } from "../../../../src/errors/ResilienceErrors.ts"
import { OverloadedError, RateLimitError } from "../../../../src/errors/RateLimitErrors.ts"
import { account, ask, isIdle, start, stateOf } from "../../support/admission.ts"
import { makeRedisAdmission, makeFakeRedis } from "../../support/admissionRedis.ts"
import { between, oneOf } from "../../support/chance.ts"
import { startCall, countAdmitted } from "../../support/heldCalls.ts"

describe("Admission through Redis", () => {
  it.effect("costs one round trip before a call, then one in the background", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, { limits: { concurrency: 2, requestsPerMinute: 10 } })
      const first = yield* startCall(admission)
      yield* TestClock.adjust("2 millis")
      assert.isTrue(first.isRunning())
      assert.deepStrictEqual(fakeRedis.commands, ["acquire"])
      yield* first.end
      // The call does not wait until Redis has received the release.
      yield* Fiber.join(first.fiber)
      assert.deepStrictEqual(fakeRedis.commands, ["acquire", "release"])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(fakeRedis.commands, ["acquire", "release"])
      assert.strictEqual(fakeRedis.permits.size, 0)
    })
  )

  it.effect("applies limits that the host reports in Redis", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, {})
      const refused = new RateLimitError({ message: "", kind: "requests per minute", limit: 20 })
      yield* start(Effect.exit(admission.guard(ask())(Effect.fail(refused))))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(fakeRedis.limits, [-1, -1, -1, -1])
      yield* countAdmitted(admission, 1)
      const { pace } = yield* stateOf(admission)
      assert.deepStrictEqual(fakeRedis.limits, [-1, 20 * pace, -1, -1])
      fakeRedis.mode = "failing"
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* countAdmitted(admission, 100), 10)
    })
  )

  it.effect("requests a lower rate after an unspecific refusal", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, { limits: { requestsPerMinute: 20 } })
      const refused = new RateLimitError({ message: "", kind: "requests per minute" })
      yield* start(Effect.exit(admission.guard(ask())(Effect.fail(refused))))
      yield* TestClock.adjust("1 second")
      const { pace } = yield* stateOf(admission)
      assert.isBelow(pace, 1)
      yield* countAdmitted(admission, 1)
      assert.deepStrictEqual(fakeRedis.limits, [-1, 20 * pace, -1, -1])
    })
  )

  for (const refused of [
    new RateLimitError({ message: "", kind: "requests per minute", retryAfter: Duration.seconds(7) }),
    new OverloadedError({ message: "", retryAfter: Duration.seconds(7) })
  ]) {
    it.effect(`pauses all processes when the host refuses all calls of one (${refused._tag})`, () =>
      Effect.gen(function* () {
        const fakeRedis = makeFakeRedis()
        const one = yield* makeRedisAdmission(fakeRedis, { limits: { concurrency: 10 } })
        const two = yield* makeRedisAdmission(fakeRedis, { limits: { concurrency: 10 } })
        for (let call = 0; call < 4; call++) yield* start(Effect.exit(one.guard(ask())(Effect.fail(refused))))
        yield* TestClock.adjust("3 millis")
        const other = yield* startCall(two)
        yield* TestClock.adjust("6990 millis")
        assert.isFalse(other.isRunning())
        yield* TestClock.adjust("1 second")
        assert.isTrue(other.isRunning())
      })
    )
  }

  it.effect("admits a small call once a large one before it is interrupted", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, { limits: { tokensPerMinute: 1_000 } })
      const other = yield* makeRedisAdmission(fakeRedis, { limits: { tokensPerMinute: 1_000 } })
      assert.strictEqual(yield* countAdmitted(other, 1, 900), 1)
      const large = yield* start(admission.guard(ask(500))(Effect.void))
      yield* TestClock.adjust("10 millis")
      const small = yield* startCall(admission, 100)
      yield* TestClock.adjust("10 millis")
      // It waits behind the large one, which is earlier, until that one is interrupted.
      assert.isFalse(small.isRunning())
      yield* Fiber.interrupt(large)
      yield* TestClock.adjust("2 millis")
      assert.isTrue(small.isRunning())
    })
  )

  it.effect("releases the permit of a call that was interrupted during its request to Redis", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const admission = yield* makeRedisAdmission(fakeRedis, { limits: { concurrency: 1 } })
      const first = yield* startCall(admission)
      yield* TestClock.adjust("1 second")
      const waiting = yield* start(admission.guard(ask())(Effect.die("made")))
      yield* first.end
      yield* TestClock.adjust("1 millis")
      yield* Fiber.interrupt(waiting)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(fakeRedis.permits.size, 0)
      yield* isIdle(admission)
      assert.strictEqual(yield* countAdmitted(admission, 1), 1)
    })
  )

  it.effect("waits on closing until Redis has received the last release", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const scope = yield* Scope.make()
      const admission = yield* Scope.provide(makeRedisAdmission(fakeRedis, { limits: { concurrency: 1 } }), scope)
      assert.strictEqual(yield* countAdmitted(admission, 1), 1)
      const last = yield* startCall(admission)
      yield* TestClock.adjust("1 second")
      yield* last.end
      yield* Fiber.join(last.fiber)
      const closing = yield* start(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("2 millis")
      yield* Fiber.join(closing)
      assert.strictEqual(fakeRedis.permits.size, 0)
      const commands = fakeRedis.commands.length
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(fakeRedis.commands.length, commands)
    })
  )

  it.effect("leaves no permit after random interruptions during outages", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const fakeRedis = makeFakeRedis()
      const limits = { concurrency: 5, requestsPerMinute: 100_000, tokensPerMinute: 1_000_000 }
      const admissions = [
        yield* makeRedisAdmission(fakeRedis, { limits }),
        yield* makeRedisAdmission(fakeRedis, { limits })
      ] as const
      for (let round = 0; round < 100; round++) {
        const fibers = []
        for (let call = 0; call < 10; call++) {
          const attempt = Effect.sleep(Duration.millis(between(chance, 0, 40)))
          fibers.push(yield* start(oneOf(chance, ...admissions).guard(ask(between(chance, 1, 100)))(attempt)))
        }
        for (const fiber of fibers) {
          yield* TestClock.adjust(Duration.millis(between(chance, 0, 3)))
          yield* start(Fiber.interrupt(fiber))
        }
        if (round % 10 === 9) fakeRedis.mode = oneOf(chance, "up", "up", "silent", "failing")
        if (round % 25 === 24) fakeRedis.forget()
        yield* TestClock.adjust("100 millis")
      }
      fakeRedis.mode = "up"
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(fakeRedis.permits.size, 0)
      for (const admission of admissions) yield* isIdle(admission)
    }).pipe(Random.withSeed("interruptions through Redis"))
  )

  it.effect("uses the permit if Redis replies at once", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      fakeRedis.delay = Duration.zero
      const admission = yield* makeRedisAdmission(fakeRedis, { limits: { concurrency: 1 } })
      const first = yield* startCall(admission)
      const [second, third] = [yield* startCall(admission), yield* startCall(admission)]
      yield* first.end
      yield* TestClock.adjust("1 millis")
      assert.isTrue(second.isRunning())
      yield* second.end
      yield* TestClock.adjust("1 millis")
      assert.isTrue(third.isRunning())
      assert.strictEqual(fakeRedis.commands.filter((op) => op === "acquire").length, 3)
    })
  )

  it.effect("waits for another process for exactly maxWait", () =>
    Effect.gen(function* () {
      const fakeRedis = makeFakeRedis()
      const options = { limits: { concurrency: 1 }, maxWait: "10 seconds" } as const
      const [one, two] = [yield* makeRedisAdmission(fakeRedis, options), yield* makeRedisAdmission(fakeRedis, options)]
      yield* startCall(one)
      yield* TestClock.adjust("1 second")
      const late = yield* start(Effect.flip(two.guard(ask())(Effect.void)))
      // The wait starts when Redis has refused.
      yield* TestClock.adjust("10001 millis")
      assert.strictEqual((yield* stateOf(two)).waiting, 1)
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(late)
      assert.instanceOf(error, AdmissionTimeoutError)
      assert.strictEqual(error.account, account)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(fakeRedis.permits.size, 1)
    })
  )

  it.effect("names every invalid option", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.scoped(
          makeRedisAdmission(makeFakeRedis(), {
            limits: { concurrency: 0 },
            localShare: Number.NaN,
            cooldown: "-1 second",
            lease: 0,
            timeout: Duration.infinity
          })
        )
      )
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name.replace("Admission ", "")),
        ["concurrency", "cooldown", "lease", "timeout", "localShare"]
      )
      for (const share of [0, -0.1, 1.01]) {
        assert.isTrue(
          Exit.isFailure(yield* Effect.exit(Effect.scoped(makeRedisAdmission(makeFakeRedis(), { localShare: share }))))
        )
      }
      assert.isTrue(
        Exit.isSuccess(
          yield* Effect.exit(Effect.scoped(makeRedisAdmission(makeFakeRedis(), { localShare: 1, cooldown: 0 })))
        )
      )
    })
  )
})
