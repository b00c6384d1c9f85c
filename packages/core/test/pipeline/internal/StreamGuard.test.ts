import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { classes } from "../../../src/errors/KimiError.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import { withStreamHooks } from "../../../src/pipeline/internal/StreamGuard.ts"

const text = (word: string): StreamEvent => ({ _tag: "TextDelta", choice: 0, text: word })
const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
const broken = new classes.ServerError({ message: "broken" })

/** Hooks that log their calls. */
const logging = () => {
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
  return { log, withHooks: withStreamHooks(() => begin) }
}

describe("withStreamHooks", () => {
  it.effect("calls the hooks for each run", () =>
    Effect.gen(function* () {
      const { log, withHooks } = logging()
      const stream = withHooks(Stream.fromArray([text("a"), text("b")]))
      assert.deepStrictEqual(log, [])
      assert.strictEqual((yield* Stream.runCollect(stream)).length, 2)
      yield* Stream.runDrain(stream)
      assert.deepStrictEqual(log, ["begin", "2 events", "done", "begin", "2 events", "done"])
    })
  )

  it.effect("ends with the failure of the stream", () =>
    Effect.gen(function* () {
      const failing = logging()
      const stream = Stream.concat(Stream.succeed(text("a")), Stream.fail(broken))
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(failing.withHooks(stream))), broken)
      assert.deepStrictEqual(failing.log, ["begin", "1 events", "failed"])
    })
  )

  it.effect("ends with an interrupt when its consumer leaves", () =>
    Effect.gen(function* () {
      const left = logging()
      yield* Stream.runDrain(Stream.take(left.withHooks(Stream.concat(Stream.succeed(text("a")), Stream.never)), 1))
      assert.deepStrictEqual(left.log, ["begin", "1 events", "left"])
    })
  )

  it.effect("ends with success after its resources are closed when its consumer leaves after the whole response", () =>
    Effect.gen(function* () {
      const { log, withHooks } = logging()
      const stream = Stream.concat(Stream.fromArray([text("a"), finish]), Stream.never).pipe(
        Stream.ensuring(Effect.sync(() => void log.push("closed")))
      )
      yield* Stream.runDrain(Stream.takeUntil(withHooks(stream), ({ _tag }) => _tag === "Finish"))
      assert.deepStrictEqual(log, ["begin", "2 events", "closed", "done"])
    })
  )

  it.effect("ends when its consumer is interrupted", () =>
    Effect.gen(function* () {
      const streams: ReadonlyArray<Stream.Stream<StreamEvent>> = [Stream.never, Stream.unwrap(Effect.never)]
      for (const stream of streams) {
        const { log, withHooks } = logging()
        const fiber = yield* Effect.forkChild(Stream.runDrain(withHooks(stream)))
        yield* TestClock.adjust(1)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(log, ["begin", "left"])
      }
    })
  )

  it.effect("ends with the failure of a stream that fails before its first pull", () =>
    Effect.gen(function* () {
      const { log, withHooks } = logging()
      const stream: Stream.Stream<StreamEvent, typeof broken> = Stream.fromPull(Effect.fail(broken))
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(withHooks(stream))), broken)
      assert.deepStrictEqual(log, ["begin", "failed"])
    })
  )

  it.effect("does not end if its beginning is interrupted", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const gate = yield* Deferred.make<void>()
      const withHooks = withStreamHooks((restore) =>
        Effect.map(restore(Deferred.await(gate)), () => ({ onEnd: () => Effect.sync(() => void log.push("end")) }))
      )
      const fiber = yield* Effect.forkChild(Stream.runDrain(withHooks(Stream.never)))
      yield* TestClock.adjust(1)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(log, [])
    })
  )
})
