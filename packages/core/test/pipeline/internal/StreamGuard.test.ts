import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { classes } from "../../../src/errors/KimiError.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import { withStreamHooks } from "../../../src/pipeline/internal/StreamGuard.ts"

const text = (word: string): StreamEvent => ({ _tag: "TextDelta", choice: 0, text: word })
const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
const broken = new classes.ServerError({ message: "broken" })

/** A holder that writes down what it is told. */
const holder = () => {
  const log: Array<string> = []
  const begin = Effect.sync(() => {
    log.push("begin")
    return {
      onEvents: (events: ReadonlyArray<StreamEvent>) => void log.push(`${events.length} events`),
      onEnd: (exit: Exit.Exit<void, unknown>) =>
        Effect.sync(() => {
          log.push(Exit.isSuccess(exit) ? "done" : Exit.hasInterrupts(exit) ? "left" : "failed")
        })
    }
  })
  return { log, hold: withStreamHooks(() => begin) }
}

describe("holding", () => {
  it.effect("begins with each run, sees the events and tells the end once", () =>
    Effect.gen(function* () {
      const { hold, log } = holder()
      const stream = hold(Stream.fromArray([text("a"), text("b")]))
      assert.deepStrictEqual(log, [])
      assert.strictEqual((yield* Stream.runCollect(stream)).length, 2)
      yield* Stream.runDrain(stream)
      assert.deepStrictEqual(log, ["begin", "2 events", "done", "begin", "2 events", "done"])
    })
  )

  it.effect("tells a failure from a consumer that leaves", () =>
    Effect.gen(function* () {
      const failing = holder()
      const stream = Stream.concat(Stream.succeed(text("a")), Stream.fail(broken))
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(failing.hold(stream))), broken)
      assert.deepStrictEqual(failing.log, ["begin", "1 events", "failed"])
      const left = holder()
      yield* Stream.runDrain(Stream.take(left.hold(Stream.concat(Stream.succeed(text("a")), Stream.never)), 1))
      assert.deepStrictEqual(left.log, ["begin", "1 events", "left"])
    })
  )

  it.effect(
    "has ended well when its consumer leaves with the whole answer, though not before what it holds is closed",
    () =>
      Effect.gen(function* () {
        const { hold, log } = holder()
        const stream = Stream.concat(Stream.fromArray([text("a"), finish]), Stream.never).pipe(
          Stream.ensuring(Effect.sync(() => void log.push("closed")))
        )
        yield* Stream.runDrain(Stream.takeUntil(hold(stream), ({ _tag }) => _tag === "Finish"))
        assert.deepStrictEqual(log, ["begin", "2 events", "closed", "done"])
      })
  )

  it.effect("ends when its consumer is interrupted, also in a stream that works before its first pull", () =>
    Effect.gen(function* () {
      const streams: ReadonlyArray<Stream.Stream<StreamEvent>> = [Stream.never, Stream.unwrap(Effect.never)]
      for (const stream of streams) {
        const { hold, log } = holder()
        const fiber = yield* Effect.forkChild(Stream.runDrain(hold(stream)))
        yield* TestClock.adjust(1)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(log, ["begin", "left"])
      }
    })
  )

  it.effect("tells the failure of a stream that fails before its first pull", () =>
    Effect.gen(function* () {
      const { hold, log } = holder()
      const stream: Stream.Stream<StreamEvent, typeof broken> = Stream.fromPull(Effect.fail(broken))
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(hold(stream))), broken)
      assert.deepStrictEqual(log, ["begin", "failed"])
    })
  )

  it.effect("holds nothing when what it waits for is interrupted", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const gate = yield* Deferred.make<void>()
      const hold = withStreamHooks((restore) =>
        Effect.map(restore(Deferred.await(gate)), () => ({ onEnd: () => Effect.sync(() => void log.push("end")) }))
      )
      const fiber = yield* Effect.forkChild(Stream.runDrain(hold(Stream.never)))
      yield* TestClock.adjust(1)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(log, [])
    })
  )
})
