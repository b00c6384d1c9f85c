import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import type { Call } from "../../src/pipeline/Call.ts"
import * as Deadline from "../../src/resilience/Deadline.ts"
import { answer, call } from "./support/hedge.ts"

/** When a call that never ends is ended, in milliseconds. */
const endOf = Effect.fnUntraced(function* (
  form: "effect" | "stream",
  deadline: Duration.Duration | undefined,
  limits?: Call["limits"]
) {
  const stage = Deadline.stage(deadline)
  const of = { ...call, limits }
  const hanging = stage.effect(() => Effect.never)(of)
  const whole = form === "effect" ? hanging : Stream.runDrain(stage.stream(() => Stream.never)(of))
  const fiber = yield* Effect.forkChild(
    Effect.flatMap(Effect.flip(Effect.asVoid(whole)), (error) =>
      Effect.map(Clock.currentTimeMillis, (end) => [error._tag, end] as const)
    )
  )
  yield* TestClock.adjust("1 hour")
  return fiber.pollUnsafe() === undefined
    ? yield* Effect.as(Fiber.interrupt(fiber), undefined)
    : yield* Fiber.join(fiber)
})

describe.each(["effect", "stream"] as const)("The stage of the deadline: %s", (form) => {
  it.effect("ends a call at the configured deadline", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* endOf(form, Duration.seconds(2)), ["DeadlineExceededError", 2_000])
    })
  )

  it.effect("ends a call at its own timeout in place of the deadline", () =>
    Effect.gen(function* () {
      const limits = { timeout: Duration.seconds(5) }
      assert.deepStrictEqual(yield* endOf(form, Duration.seconds(2), limits), ["DeadlineExceededError", 5_000])
    })
  )

  it.effect("ends a call at its own timeout without a deadline", () =>
    Effect.gen(function* () {
      const limits = { timeout: Duration.seconds(5) }
      assert.deepStrictEqual(yield* endOf(form, undefined, limits), ["DeadlineExceededError", 5_000])
    })
  )

  it.effect("ends a call that limits only its attempts at the configured deadline", () =>
    Effect.gen(function* () {
      const ended = yield* endOf(form, Duration.seconds(2), { maxAttempts: 1 })
      assert.deepStrictEqual(ended, ["DeadlineExceededError", 2_000])
    })
  )

  it.effect("does not end a call without a deadline", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* endOf(form, undefined))
    })
  )
})

describe("The stage of the deadline", () => {
  it.effect("makes the call", () =>
    Effect.gen(function* () {
      const stage = Deadline.stage(Duration.seconds(2))
      const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
      assert.deepStrictEqual(yield* stage.effect(() => Effect.succeed(answer(1)))(call), answer(1))
      assert.deepStrictEqual(yield* Stream.runCollect(stage.stream(() => Stream.make(finish))(call)), [finish])
    })
  )

  it("describes the deadline", () => {
    const { name, options } = Deadline.stage(Duration.seconds(90))
    assert.deepStrictEqual([name, options], ["deadline", { deadline: "1m 30s" }])
    assert.deepStrictEqual(Deadline.stage(undefined).options, { deadline: "none" })
  })
})

describe("A stream with a deadline", () => {
  it.effect("is over at the deadline although an event has arrived", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const bounded = Deadline.withStreamDeadline(Duration.seconds(2))(Stream.make(1, 2).pipe(Stream.rechunk(1)))
      const slow = Stream.runForEach(bounded, (item) => Effect.as(Effect.sleep("2 seconds"), void seen.push(item)))
      const fiber = yield* Effect.forkChild(Effect.flip(slow))
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.message, "The call took longer than its 2s")
      assert.deepStrictEqual(seen, [1])
    })
  )

  it.effect("fails at the deadline after items that are no events", () =>
    Effect.gen(function* () {
      for (const item of ["text", null, {}, { _tag: "Start" }]) {
        const open = Stream.concat(Stream.make(item), Stream.never)
        const bounded = Deadline.withStreamDeadline(Duration.seconds(2))(open)
        const fiber = yield* Effect.forkChild(Effect.flip(Stream.runDrain(bounded)))
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "DeadlineExceededError")
      }
    })
  )
})
