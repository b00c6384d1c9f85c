import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Random, Scope } from "effect"
import { TestClock } from "effect/testing"
import { AdmissionTimeoutError } from "../../../../src/errors/ResilienceErrors.ts"
import { OverloadedError, RateLimitError } from "../../../../src/errors/RateLimitErrors.ts"
import { account, ask, isIdle, start, stateOf } from "../../support/admission.ts"
import { doorTo, makeRemote } from "../../support/admissionRedis.ts"
import { between, oneOf } from "../../support/chance.ts"
import { held, letIn } from "../../support/heldCalls.ts"

describe("Admission through Redis", () => {
  it.effect("costs one round trip before a call and one in the background after it", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { concurrency: 2, requestsPerMinute: 10 } })
      const first = yield* held(door)
      yield* TestClock.adjust("2 millis")
      assert.isTrue(first.isRunning())
      assert.deepStrictEqual(remote.asked, ["enter"])
      yield* first.end
      // The call does not wait until Redis has heard of its end.
      yield* Fiber.join(first.fiber)
      assert.deepStrictEqual(remote.asked, ["enter", "leave"])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(remote.asked, ["enter", "leave"])
      assert.strictEqual(remote.places.size, 0)
    })
  )

  it.effect("keeps to the limits that the host has named, here and in Redis", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, {})
      const refused = new RateLimitError({ message: "", kind: "requests per minute", limit: 20 })
      yield* start(Effect.exit(door.guard(ask())(Effect.fail(refused))))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(remote.limits, [-1, -1, -1, -1])
      yield* letIn(door, 1)
      const { pace } = yield* stateOf(door)
      assert.deepStrictEqual(remote.limits, [-1, 20 * pace, -1, -1])
      remote.mode = "failing"
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* letIn(door, 100), 10)
    })
  )

  it.effect("asks for less when the host refuses without a figure", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { requestsPerMinute: 20 } })
      const refused = new RateLimitError({ message: "", kind: "requests per minute" })
      yield* start(Effect.exit(door.guard(ask())(Effect.fail(refused))))
      yield* TestClock.adjust("1 second")
      const { pace } = yield* stateOf(door)
      assert.isBelow(pace, 1)
      yield* letIn(door, 1)
      assert.deepStrictEqual(remote.limits, [-1, 20 * pace, -1, -1])
    })
  )

  for (const refused of [
    new RateLimitError({ message: "", kind: "requests per minute", retryAfter: Duration.seconds(7) }),
    new OverloadedError({ message: "", retryAfter: Duration.seconds(7) })
  ]) {
    it.effect(`pauses everybody when the host asks one process to (${refused._tag})`, () =>
      Effect.gen(function* () {
        const remote = makeRemote()
        const one = yield* doorTo(remote, { limits: { concurrency: 10 } })
        const two = yield* doorTo(remote, { limits: { concurrency: 10 } })
        yield* start(Effect.exit(one.guard(ask())(Effect.fail(refused))))
        yield* TestClock.adjust("3 millis")
        const other = yield* held(two)
        yield* TestClock.adjust("6990 millis")
        assert.isFalse(other.isRunning())
        yield* TestClock.adjust("1 second")
        assert.isTrue(other.isRunning())
      })
    )
  }

  it.effect("lets a small call in while a large one waits behind it", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { tokensPerMinute: 1_000 } })
      const other = yield* doorTo(remote, { limits: { tokensPerMinute: 1_000 } })
      assert.strictEqual(yield* letIn(other, 1, 900), 1)
      const large = yield* start(door.guard(ask(500))(Effect.void))
      yield* TestClock.adjust("10 millis")
      const small = yield* held(door, 100)
      yield* TestClock.adjust("10 millis")
      // It goes behind the large one, which is earlier, but not behind one that has left.
      assert.isFalse(small.isRunning())
      yield* Fiber.interrupt(large)
      yield* TestClock.adjust("2 millis")
      assert.isTrue(small.isRunning())
    })
  )

  it.effect("gives back the place of a call that left while Redis was asked", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { concurrency: 1 } })
      const first = yield* held(door)
      yield* TestClock.adjust("1 second")
      const waiting = yield* start(door.guard(ask())(Effect.die("made")))
      yield* first.end
      yield* TestClock.adjust("1 millis")
      yield* Fiber.interrupt(waiting)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(remote.places.size, 0)
      yield* isIdle(door)
      assert.strictEqual(yield* letIn(door, 1), 1)
    })
  )

  it.effect("waits on closing until Redis has heard of the last call, and leaves Redis alone afterwards", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const scope = yield* Scope.make()
      const door = yield* Scope.provide(doorTo(remote, { limits: { concurrency: 1 } }), scope)
      assert.strictEqual(yield* letIn(door, 1), 1)
      const last = yield* held(door)
      yield* TestClock.adjust("1 second")
      yield* last.end
      yield* Fiber.join(last.fiber)
      const closing = yield* start(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("2 millis")
      yield* Fiber.join(closing)
      assert.strictEqual(remote.places.size, 0)
      const asked = remote.asked.length
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(remote.asked.length, asked)
    })
  )

  it.effect("holds nothing after random interruptions and outages", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const remote = makeRemote()
      const limits = { concurrency: 5, requestsPerMinute: 100_000, tokensPerMinute: 1_000_000 }
      const doors = [yield* doorTo(remote, { limits }), yield* doorTo(remote, { limits })] as const
      for (let round = 0; round < 100; round++) {
        const fibers = []
        for (let call = 0; call < 10; call++) {
          const attempt = Effect.sleep(Duration.millis(between(chance, 0, 40)))
          fibers.push(yield* start(oneOf(chance, ...doors).guard(ask(between(chance, 1, 100)))(attempt)))
        }
        for (const fiber of fibers) {
          yield* TestClock.adjust(Duration.millis(between(chance, 0, 3)))
          yield* start(Fiber.interrupt(fiber))
        }
        if (round % 10 === 9) remote.mode = oneOf(chance, "up", "up", "silent", "failing")
        if (round % 25 === 24) remote.forget()
        yield* TestClock.adjust("100 millis")
      }
      remote.mode = "up"
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(remote.places.size, 0)
      for (const door of doors) yield* isIdle(door)
    }).pipe(Random.withSeed("interruptions through Redis"))
  )

  it.effect("hands over the place that it got when Redis answers at once", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      remote.delay = Duration.zero
      const door = yield* doorTo(remote, { limits: { concurrency: 1 } })
      const first = yield* held(door)
      const [second, third] = [yield* held(door), yield* held(door)]
      yield* first.end
      yield* TestClock.adjust("1 millis")
      assert.isTrue(second.isRunning())
      yield* second.end
      yield* TestClock.adjust("1 millis")
      assert.isTrue(third.isRunning())
      assert.strictEqual(remote.asked.filter((op) => op === "enter").length, 3)
    })
  )

  it.effect("waits for another process as long as it may, and not less", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const options = { limits: { concurrency: 1 }, maxWait: "10 seconds" } as const
      const [one, two] = [yield* doorTo(remote, options), yield* doorTo(remote, options)]
      yield* held(one)
      yield* TestClock.adjust("1 second")
      const late = yield* start(Effect.flip(two.guard(ask())(Effect.void)))
      // The wait begins when Redis has refused.
      yield* TestClock.adjust("10001 millis")
      assert.strictEqual((yield* stateOf(two)).waiting, 1)
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(late)
      assert.instanceOf(error, AdmissionTimeoutError)
      assert.strictEqual(error.account, account)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(remote.places.size, 1)
    })
  )

  it.effect("refuses options that make no sense, all at once", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.scoped(
          doorTo(makeRemote(), {
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
        assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.scoped(doorTo(makeRemote(), { localShare: share })))))
      }
      assert.isTrue(
        Exit.isSuccess(yield* Effect.exit(Effect.scoped(doorTo(makeRemote(), { localShare: 1, cooldown: 0 }))))
      )
    })
  )
})
