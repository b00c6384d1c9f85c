import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Stream } from "effect"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import { transformOpening } from "../../../src/pipeline/internal/StreamOpening.ts"

const start: StreamEvent = { _tag: "Start", id: "1", model: "kimi-k3", created: 0 }
const text = (piece: string): StreamEvent => ({ _tag: "TextDelta", choice: 0, text: piece })
const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }

/** Plays one list of events per run, then fails or ends, and counts what was opened and closed. */
const attempts = (
  ...plays: ReadonlyArray<{ readonly events: ReadonlyArray<StreamEvent>; readonly error?: string }>
) => {
  const log: Array<string> = []
  let run = 0
  const stream = Stream.suspend(() => {
    const name = run++
    const play = plays[name] ?? { events: [] }
    log.push(`open ${name}`)
    // Every event is a separate network read.
    const events = Stream.flatMap(Stream.fromIterable(play.events), (event) => Stream.succeed(event))
    return Stream.concat(events, play.error === undefined ? Stream.empty : Stream.fail(play.error)).pipe(
      Stream.ensuring(Effect.sync(() => log.push(`close ${name}`)))
    )
  })
  return { log, stream }
}

const retryOnce = transformOpening<string, string>(Effect.retry({ times: 1 }))

describe("onOpening", () => {
  it.effect("does not change a stream that does not fail", () =>
    Effect.gen(function* () {
      const { log, stream } = attempts({ events: [start, text("a"), text("b"), finish] })
      assert.deepStrictEqual(yield* Stream.runCollect(retryOnce(stream)), [start, text("a"), text("b"), finish])
      assert.deepStrictEqual(log, ["open 0", "close 0"])
    })
  )

  it.effect("hides the events of an attempt that failed before its first content", () =>
    Effect.gen(function* () {
      const { log, stream } = attempts({ events: [start], error: "early" }, { events: [start, text("b"), finish] })
      assert.deepStrictEqual(yield* Stream.runCollect(retryOnce(stream)), [start, text("b"), finish])
      assert.deepStrictEqual(log, ["open 0", "close 0", "open 1", "close 1"])
    })
  )

  it.effect("does not run an attempt again after its first content", () =>
    Effect.gen(function* () {
      const { log, stream } = attempts({ events: [start, text("a")], error: "late" }, { events: [finish] })
      const seen: Array<StreamEvent> = []
      const error = yield* Effect.flip(
        Stream.runForEach(retryOnce(stream), (event) => Effect.sync(() => void seen.push(event)))
      )
      assert.strictEqual(error, "late")
      assert.deepStrictEqual(seen, [start, text("a")])
      assert.deepStrictEqual(log, ["open 0", "close 0"])
    })
  )

  it.effect("counts a stream that ends without content as opened", () =>
    Effect.gen(function* () {
      const { stream } = attempts({ events: [start, finish] })
      assert.deepStrictEqual(yield* Stream.runCollect(retryOnce(stream)), [start, finish])
    })
  )

  it.effect("closes the attempt when the consumer leaves early", () =>
    Effect.gen(function* () {
      const { log, stream } = attempts({ events: [start, text("a"), text("b"), finish] })
      yield* Stream.runDrain(Stream.take(retryOnce(stream), 2))
      assert.deepStrictEqual(log, ["open 0", "close 0"])
    })
  )

  it.effect("can be interrupted where a stream works before its first pull", () =>
    Effect.gen(function* () {
      const eager: Stream.Stream<StreamEvent, string> = Stream.fromPull(Effect.never)
      const fiber = yield* Effect.forkChild(Stream.runDrain(retryOnce(eager)), { startImmediately: true })
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
    })
  )

  it.effect("closes the attempt when it is interrupted while opening", () =>
    Effect.gen(function* () {
      let closed = 0
      const silent = Stream.fromIterable([start]).pipe(
        Stream.concat(Stream.never),
        Stream.ensuring(Effect.sync(() => closed++))
      )
      const fiber = yield* Effect.forkChild(Stream.runDrain(retryOnce(silent)), { startImmediately: true })
      yield* Effect.yieldNow
      const exit = yield* Effect.andThen(Fiber.interrupt(fiber), Fiber.await(fiber))
      assert.isTrue(Exit.hasInterrupts(exit))
      assert.strictEqual(closed, 1)
    })
  )
})
