import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as TimeBound from "../../src/internal/TimeBound.ts"
import * as TimerQueue from "../../src/internal/TimerQueue.ts"

const expired = () => Effect.succeed("expired")
const timers = Effect.map(Clock.Clock, (clock) => TimerQueue.of(clock).size)

class Greeting extends Context.Service<Greeting, string>()("@kimi-effect/core/test/internal/TimeBound.test/Greeting") {}

describe("within", () => {
  it.effect("gives the result of an effect that ends in time", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(TimeBound.within(Effect.as(Effect.sleep(999), "in time"), 1_000, expired))
      yield* TestClock.adjust(1_000)
      assert.strictEqual(yield* Fiber.join(fiber), "in time")
    })
  )

  it.effect("gives the result of an effect that does not wait", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* TimeBound.within(Effect.succeed("at once"), 0, expired), "at once")
    })
  )

  it.effect("fails with the error of the effect", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(TimeBound.within(Effect.fail("broken"), 1_000, expired))
      assert.deepStrictEqual(exit, Exit.fail("broken"))
    })
  )

  it.effect("gives the other result after the time", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(TimeBound.within(Effect.never, 1_000, expired))
      yield* TestClock.adjust(1_000)
      assert.strictEqual(yield* Fiber.join(fiber), "expired")
    })
  )

  it.effect("waits until the effect has been interrupted", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const slow = Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sleep(500),
          Effect.sync(() => order.push("interrupted"))
        )
      )
      const fiber = yield* Effect.forkChild(
        TimeBound.within(slow, 1_000, () => Effect.sync(() => order.push("expired")))
      )
      yield* TestClock.adjust(2_000)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(order, ["interrupted", "expired"])
    })
  )

  it.effect("interrupts the effect with its caller", () =>
    Effect.gen(function* () {
      const interrupted = yield* Deferred.make<void>()
      const effect = Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      const fiber = yield* Effect.forkChild(TimeBound.within(effect, 1_000, expired), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Deferred.isDone(interrupted))
    })
  )

  it.effect("runs the effect with the services of its caller", () =>
    Effect.gen(function* () {
      const bounded = TimeBound.within(Effect.andThen(Effect.yieldNow, Greeting), 1_000, expired)
      assert.strictEqual(yield* Effect.provideService(bounded, Greeting, "hello"), "hello")
    })
  )

  it.effect("keeps no timer after the effect has ended", () =>
    Effect.gen(function* () {
      yield* TimeBound.within(Effect.yieldNow, 1_000, expired)
      assert.strictEqual(yield* timers, 0)
    })
  )

  it.effect("keeps no timer after its caller was interrupted", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(TimeBound.within(Effect.never, 1_000, expired), { startImmediately: true })
      assert.strictEqual(yield* timers, 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* timers, 0)
    })
  )

  it.effect("has no end for an infinite time", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(TimeBound.within(Effect.never, Number.POSITIVE_INFINITY, expired))
      yield* TestClock.adjust("365 days")
      assert.isUndefined(fiber.pollUnsafe())
    })
  )
})
