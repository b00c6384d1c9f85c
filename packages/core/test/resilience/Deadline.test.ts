import { assert, describe, it } from "@effect/vitest"
import { Cause, Channel, Duration, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import { withDeadline, withStreamDeadline } from "../../src/resilience/Deadline.ts"

const deadline = Duration.seconds(2)

describe("withDeadline", () => {
  it.effect("interrupts a call exactly at its deadline", () =>
    Effect.gen(function* () {
      let interrupted = false
      const call = Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted = true)))
      const fiber = yield* Effect.forkChild(Effect.flip(withDeadline(deadline)(call)))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error._tag, "DeadlineExceededError")
      assert.deepStrictEqual(error.timeout, deadline)
      assert.isTrue(interrupted)
    })
  )

  it("does not change a call without a deadline", () => {
    const call = Effect.succeed(1)
    assert.strictEqual(withDeadline(undefined)(call), call)
    const stream = Stream.succeed(1)
    assert.strictEqual(withStreamDeadline(undefined)(stream), stream)
  })
})

describe("withStreamDeadline", () => {
  it.effect("ends a running stream at its deadline after its earlier events", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const ticks = Stream.tap(Stream.tick("900 millis"), () => Effect.sync(() => void seen.push(seen.length)))
      const fiber = yield* Effect.forkChild(Effect.flip(Stream.runDrain(withStreamDeadline(deadline)(ticks))))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "DeadlineExceededError")
      assert.deepStrictEqual(seen, [0, 1, 2])
    })
  )

  it.effect("includes the time that the consumer takes", () =>
    Effect.gen(function* () {
      const slow = Stream.runForEach(withStreamDeadline(deadline)(Stream.make(1, 2).pipe(Stream.rechunk(1))), () =>
        Effect.sleep("3 seconds")
      )
      const fiber = yield* Effect.forkChild(slow)
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
    })
  )

  it.effect("does not affect a stream that ends in time", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Stream.runCollect(withStreamDeadline(deadline)(Stream.make(1, 2))), [1, 2])
    })
  )

  describe("after Finish", () => {
    const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
    const open = Stream.concat(Stream.make(finish), Stream.never)

    it.effect("ends the wait for the end of the stream without an error", () =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Stream.runCollect(withStreamDeadline(deadline)(open)))
        yield* TestClock.adjust(deadline)
        assert.deepStrictEqual(yield* Fiber.join(fiber), [finish])
      })
    )

    it.effect("does not fail when the consumer takes longer than the deadline", () =>
      Effect.gen(function* () {
        const slow = Stream.runForEach(withStreamDeadline(deadline)(open), () => Effect.sleep("3 seconds"))
        const fiber = yield* Effect.forkChild(slow)
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(fiber)
      })
    )
  })
})

describe("a stream that is opened before its first pull", () => {
  const opening = <A, E>(open: Effect.Effect<A, E>): Stream.Stream<never, E> =>
    Stream.fromChannel(Channel.fromTransform(() => Effect.as(open, Cause.done())))

  it.effect("ends at its deadline while it is opened", () =>
    Effect.gen(function* () {
      let interrupted = false
      const open = Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted = true)))
      const fiber = yield* Effect.forkChild(Effect.flip(Stream.runDrain(withStreamDeadline(deadline)(opening(open)))))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "DeadlineExceededError")
      assert.isTrue(interrupted)
    })
  )

  it.effect("fails as it failed while it was opened", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* Effect.flip(Stream.runDrain(withStreamDeadline(deadline)(opening(Effect.fail("no"))))),
        "no"
      )
    })
  )
})
