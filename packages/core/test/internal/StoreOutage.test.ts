import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Exit, Fiber, Logger, Option } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import * as StoreOutage from "../../src/internal/StoreOutage.ts"
import { logs } from "../resilience/support/redisCircuits.ts"

const make = StoreOutage.make({
  timeout: Duration.millis(250),
  cooldown: Duration.seconds(1),
  unavailableMessage: "away",
  recoveredMessage: "back"
})

const gone = Effect.fail("gone")

describe("StoreOutage", () => {
  it.effect("returns the result of the operation", () =>
    Effect.gen(function* () {
      const { isUnavailable, tryRun } = yield* make
      const fiber = yield* Effect.forkChild(tryRun(Effect.delay(Effect.succeed(1), "249 millis")))
      yield* TestClock.adjust("249 millis")
      assert.deepStrictEqual(yield* Fiber.join(fiber), Option.some(1))
      assert.isFalse(isUnavailable())
    })
  )

  it.effect("interrupts an operation after the timeout", () =>
    Effect.gen(function* () {
      const { isUnavailable, tryRun } = yield* make
      let interrupted = false
      const silent = Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted = true)))
      const fiber = yield* Effect.forkChild(tryRun(silent))
      yield* TestClock.adjust("249 millis")
      assert.isUndefined(fiber.pollUnsafe())
      assert.isFalse(isUnavailable())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(fiber.pollUnsafe(), Exit.succeed(Option.none()))
      assert.isTrue(interrupted)
      assert.isTrue(isUnavailable())
    })
  )

  it.effect("does not use a store after any failure until one operation may test it", () =>
    Effect.gen(function* () {
      const { tryRun } = yield* make
      for (const failed of [gone, Effect.die("broke"), Effect.interrupt]) {
        assert.isTrue(Option.isNone(yield* tryRun(failed)))
        let asked = 0
        const operation = Effect.sync(() => (asked += 1))
        yield* TestClock.adjust("999 millis")
        assert.isTrue(Option.isNone(yield* tryRun(operation)))
        yield* TestClock.adjust("1 millis")
        const silent = yield* Effect.forkChild(tryRun(Effect.never), { startImmediately: true })
        assert.isTrue(Option.isNone(yield* tryRun(operation)))
        yield* TestClock.adjust("250 millis")
        yield* Fiber.join(silent)
        yield* TestClock.adjust("999 millis")
        assert.isTrue(Option.isNone(yield* tryRun(operation)))
        assert.strictEqual(asked, 0)
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(yield* tryRun(operation), Option.some(1))
        assert.deepStrictEqual(yield* tryRun(operation), Option.some(2))
      }
    })
  )

  for (const [name, jump] of jumps) {
    it.effect(`ends its cool-down in time when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const { tryRun } = yield* make
          yield* tryRun(gone)
          set(jump)
          yield* TestClock.adjust("999 millis")
          assert.deepStrictEqual(yield* tryRun(Effect.succeed(1)), Option.none())
          yield* TestClock.adjust("1 millis")
          assert.deepStrictEqual(yield* tryRun(Effect.succeed(1)), Option.some(1))
        })
      )
    )
  }

  it.effect("logs the start of an outage with its cause, then only its end", () => {
    const { layer, lines } = logs()
    return Effect.gen(function* () {
      const { tryRun } = yield* make
      yield* tryRun(Effect.void)
      for (let outage = 0; outage < 2; outage++) {
        const many = Effect.all(
          Array.from({ length: 50 }, () => tryRun(Effect.delay(gone, "10 millis"))),
          { concurrency: "unbounded" }
        )
        const fiber = yield* Effect.forkChild(many)
        yield* TestClock.adjust("10 millis")
        yield* Fiber.join(fiber)
        for (let i = 0; i < 5; i++) {
          yield* TestClock.adjust("1 second")
          yield* tryRun(gone)
        }
        assert.deepStrictEqual(lines.splice(0), [["Warn", "away"]])
        yield* TestClock.adjust("1 second")
        yield* tryRun(Effect.void)
        yield* tryRun(Effect.void)
        assert.deepStrictEqual(lines.splice(0), [["Info", "back"]])
      }
    }).pipe(Effect.provide(layer))
  })

  it.effect("logs the cause", () => {
    const causes: Array<string> = []
    const logger = Logger.make(({ cause }) => {
      causes.push(Cause.pretty(cause))
    })
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild((yield* make).tryRun(Effect.never))
      yield* TestClock.adjust("250 millis")
      yield* Fiber.join(fiber)
      yield* (yield* make).tryRun(Effect.fail("ECONNREFUSED"))
      assert.match(causes[0] ?? "", /No answer within 250ms/)
      assert.match(causes[1] ?? "", /ECONNREFUSED/)
    }).pipe(Effect.provide(Logger.layer([logger])))
  })

  it.effect("lets an operation end before its caller is interrupted", () =>
    Effect.gen(function* () {
      const { isUnavailable, tryRun } = yield* make
      const gate = yield* Deferred.make<void>()
      let isDone = false
      const operation = Effect.andThen(
        Deferred.await(gate),
        Effect.sync(() => (isDone = true))
      )
      const fiber = yield* Effect.forkChild(tryRun(operation), { startImmediately: true })
      const interruption = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
      yield* TestClock.adjust("100 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(interruption)
      assert.isTrue(isDone)
      assert.isFalse(isUnavailable())
    })
  )
})
