import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Queue, Ref, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ServerError } from "../../src/errors/ProviderErrors.ts"
import { FirstTokenTimeoutError, IdleTimeoutError, TotalTimeoutError } from "../../src/errors/TimeoutErrors.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import { type Options, withStreamTimeout, withTimeout } from "../../src/resilience/Timeout.ts"

const options: Options = {
  totalTimeout: Duration.seconds(100),
  firstTokenTimeout: Duration.seconds(20),
  idleTimeout: Duration.seconds(10)
}

const start: StreamEvent = { _tag: "Start", id: "chatcmpl-1", model: "kimi-k3", created: 1 }
const text: StreamEvent = { _tag: "TextDelta", choice: 0, text: "a" }
const thought: StreamEvent = { _tag: "ReasoningDelta", choice: 0, text: "a" }
const piece: StreamEvent = { _tag: "ToolCallDelta", choice: 0, index: 0, id: "t_0", name: "t", arguments: "{" }
const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }

/** Each event after its silence, in seconds; never ends unless the last event is `Finish`. */
const script = (
  ...steps: ReadonlyArray<readonly [silence: number, event: StreamEvent]>
): Stream.Stream<StreamEvent> => {
  const events = Stream.fromIterable(steps).pipe(
    Stream.rechunk(1),
    Stream.mapEffect(([silence, event]) => Effect.as(Effect.sleep(Duration.seconds(silence)), event))
  )
  return steps.at(-1)?.[1]._tag === "Finish" ? events : Stream.concat(events, Stream.never)
}

/** Returns the outcome of an effect, and asserts that it settles exactly after `seconds`. */
const outcomeAt = Effect.fnUntraced(function* <A, E>(seconds: number, effect: Effect.Effect<A, E>) {
  const fiber = yield* Effect.forkChild(effect)
  yield* TestClock.adjust(Duration.millis(seconds * 1000 - 1))
  assert.isUndefined(fiber.pollUnsafe(), `settled before ${seconds} seconds`)
  yield* TestClock.adjust(Duration.millis(1))
  const exit = fiber.pollUnsafe()
  assert.isDefined(exit, `not settled after ${seconds} seconds`)
  return yield* Fiber.join(fiber)
})

const run = (events: Stream.Stream<StreamEvent>, bounds = options) =>
  Stream.runCollect(withStreamTimeout(bounds)(events))

const failsAt = Effect.fnUntraced(function* (seconds: number, events: Stream.Stream<StreamEvent>, bounds = options) {
  return yield* outcomeAt(seconds, Effect.flip(run(events, bounds)))
})

const inText: Options = { totalTimeout: "100 seconds", firstTokenTimeout: "20 seconds", idleTimeout: 10_000 }

describe("withTimeout", () => {
  const bounded = withTimeout(options)

  it.effect("takes the total timeout in any form of a duration", () =>
    Effect.gen(function* () {
      const error = yield* outcomeAt(100, Effect.flip(withTimeout({ totalTimeout: "100 seconds" })(Effect.never)))
      assert.deepStrictEqual(error.timeout, options.totalTimeout)
    })
  )

  it.effect("fails exactly at the total timeout", () =>
    Effect.gen(function* () {
      const error = yield* outcomeAt(100, Effect.flip(bounded(Effect.never)))
      assert.instanceOf(error, TotalTimeoutError)
      assert.deepStrictEqual(error.timeout, options.totalTimeout)
      assert.strictEqual(error.message, "The attempt took longer than 1m 40s")
    })
  )

  it.effect("returns a response just before the timeout", () =>
    Effect.gen(function* () {
      const attempt = Effect.as(Effect.sleep("99999 millis"), "answer")
      assert.strictEqual(yield* outcomeAt(99.999, bounded(attempt)), "answer")
    })
  )

  it.effect("waits for the finalizers of the interrupted attempt", () =>
    Effect.gen(function* () {
      const interrupted = yield* Ref.make(false)
      const attempt = Effect.onInterrupt(Effect.never, () => Ref.set(interrupted, true))
      yield* outcomeAt(100, Effect.flip(bounded(attempt)))
      assert.isTrue(yield* Ref.get(interrupted))
    })
  )

  it.effect("passes on the error of the attempt", () =>
    Effect.gen(function* () {
      const own = new ServerError({ message: "own" })
      assert.strictEqual(yield* Effect.flip(bounded(Effect.fail(own))), own)
    })
  )
})

describe("withStreamTimeout", () => {
  it.effect("takes every timeout in any form of a duration", () =>
    Effect.gen(function* () {
      const error = yield* failsAt(13, script([2, start], [1, text]), inText)
      assert.instanceOf(error, IdleTimeoutError)
      assert.deepStrictEqual(error.timeout, Duration.seconds(10))
    })
  )

  it.effect("fails exactly at the first-token timeout", () =>
    Effect.gen(function* () {
      const error = yield* failsAt(20, Stream.never)
      assert.instanceOf(error, FirstTokenTimeoutError)
      assert.deepStrictEqual(error.timeout, options.firstTokenTimeout)
      assert.strictEqual(error.message, "The stream received no content within 20s")
    })
  )

  it.effect("does not count events without content as first content", () =>
    Effect.gen(function* () {
      assert.instanceOf(yield* failsAt(20, script([8, start], [8, start])), FirstTokenTimeoutError)
    })
  )

  it.effect("accepts first content just before the first-token timeout", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* outcomeAt(20, run(script([19.999, text], [0.001, finish]))), [text, finish])
    })
  )

  it.effect("fails at the idle timeout after a content", () =>
    Effect.gen(function* () {
      const error = yield* failsAt(25, script([15, text]))
      assert.instanceOf(error, IdleTimeoutError)
      assert.deepStrictEqual(error.timeout, options.idleTimeout)
      assert.strictEqual(error.message, "The stream received no content for 10s")
    })
  )

  it.effect.each([
    ["text", text],
    ["reasoning", thought],
    ["a tool-call delta", piece]
  ] as const)("%s breaks the silence", ([, event]) =>
    Effect.gen(function* () {
      assert.instanceOf(yield* failsAt(24, script([5, event], [9, event])), IdleTimeoutError)
    })
  )

  it.effect("does not count events without content as activity", () =>
    Effect.gen(function* () {
      assert.instanceOf(yield* failsAt(11, script([1, text], [4, start], [4, start])), IdleTimeoutError)
    })
  )

  it.effect("does not count the time of the consumer as idle", () =>
    Effect.gen(function* () {
      const slow = withStreamTimeout(options)(script([9, text], [9, text], [9, finish])).pipe(
        Stream.mapEffect((event) => Effect.as(Effect.sleep("15 seconds"), event)),
        Stream.runCollect
      )
      assert.deepStrictEqual(yield* outcomeAt(72, slow), [text, text, finish])
    })
  )

  it.effect("does not count the time of the consumer towards the first-token timeout", () =>
    Effect.gen(function* () {
      const slow = withStreamTimeout(options)(script([9, start], [9, text], [0, finish])).pipe(
        Stream.mapEffect((event) => Effect.as(Effect.sleep("25 seconds"), event)),
        Stream.runCollect
      )
      assert.deepStrictEqual(yield* outcomeAt(93, slow), [start, text, finish])
    })
  )

  it.effect("ends a stream that is never idle at the total timeout", () =>
    Effect.gen(function* () {
      const endless = Stream.fromEffectRepeat(Effect.as(Effect.sleep("5 seconds"), text))
      const error = yield* failsAt(100, endless)
      assert.instanceOf(error, TotalTimeoutError)
      assert.deepStrictEqual(error.timeout, options.totalTimeout)
    })
  )

  it.effect("ends an endless stream with a slow consumer at the total timeout", () =>
    Effect.gen(function* () {
      const seen = yield* Queue.unbounded<StreamEvent>()
      const slow = withStreamTimeout(options)(Stream.fromEffectRepeat(Effect.succeed(text))).pipe(
        Stream.runForEach((event) => Effect.andThen(Queue.offer(seen, event), Effect.sleep("20 seconds")))
      )
      assert.instanceOf(yield* outcomeAt(100, Effect.flip(slow)), TotalTimeoutError)
      assert.strictEqual((yield* Queue.takeAll(seen)).length, 5)
    })
  )

  it.effect("reports the total timeout if it comes before the first-token timeout", () =>
    Effect.gen(function* () {
      const error = yield* failsAt(3, Stream.never, { ...options, totalTimeout: Duration.seconds(3) })
      assert.instanceOf(error, TotalTimeoutError)
    })
  )

  it.effect("reports the total timeout if it comes before the idle timeout", () =>
    Effect.gen(function* () {
      const bounds = { ...options, totalTimeout: Duration.seconds(12) }
      assert.instanceOf(yield* failsAt(12, script([5, text]), bounds), TotalTimeoutError)
    })
  )

  const origin = { provider: "moonshot", model: "kimi-k3" }
  const ids = { requestId: "r-1", traceId: "t-1" }
  const named = (events: Stream.Stream<StreamEvent>, seconds: number, bounds = options) =>
    Effect.map(
      outcomeAt(seconds, Effect.flip(Stream.runDrain(withStreamTimeout(bounds, origin)(events)))),
      ({ model, provider, requestId, traceId }) => ({ model, provider, requestId, traceId })
    )

  it.effect("has the host with the model in its errors", () =>
    Effect.gen(function* () {
      const nothing = { requestId: undefined, traceId: undefined }
      assert.deepStrictEqual(yield* named(Stream.never, 20), { ...origin, ...nothing })
      const plain = yield* outcomeAt(100, Effect.flip(withTimeout(options, origin)(Effect.never)))
      assert.deepInclude({ ...plain }, origin)
    })
  )

  it.effect("has the ids of a response that has begun in its errors", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* named(script([1, { ...start, ...ids }]), 20), { ...origin, ...ids })
      assert.deepStrictEqual(yield* named(script([1, { ...start, ...ids }], [1, text]), 12), { ...origin, ...ids })
      const short = { ...options, totalTimeout: Duration.seconds(3) }
      assert.deepStrictEqual(yield* named(script([1, { ...start, ...ids }]), 3, short), { ...origin, ...ids })
    })
  )

  it.effect("emits the events before the error", () =>
    Effect.gen(function* () {
      const seen: Array<StreamEvent> = []
      const events = Stream.tap(withStreamTimeout(options)(script([1, start], [1, text])), (event) =>
        Effect.sync(() => seen.push(event))
      )
      yield* outcomeAt(12, Effect.flip(Stream.runDrain(events)))
      assert.deepStrictEqual(seen, [start, text])
    })
  )

  it.effect("closes the resources of the interrupted attempt", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const note = (what: string) => Effect.sync(() => seen.push(what))
      const waiting = Stream.fromEffect(Effect.onInterrupt(Effect.never, () => note("interrupted")))
      const attempt = Stream.concat(script([5, text]).pipe(Stream.take(1)), waiting).pipe(
        Stream.ensuring(note("closed"))
      )
      assert.instanceOf(yield* failsAt(15, attempt), IdleTimeoutError)
      assert.deepStrictEqual(seen, ["interrupted", "closed"])
    })
  )

  it.effect("measures every run of a stream separately", () =>
    Effect.gen(function* () {
      const stream = withStreamTimeout(options)(script([19, text], [1, finish]))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* outcomeAt(20, Stream.runCollect(stream))).length, 2)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* outcomeAt(20, Stream.runCollect(stream))).length, 2)
    })
  )

  it.effect("passes on the end of the attempt", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* run(Stream.make(start, text, finish)), [start, text, finish])
    })
  )

  it.effect("passes on the error of the attempt", () =>
    Effect.gen(function* () {
      const own = new ServerError({ message: "own" })
      const failing = Stream.concat(Stream.make(text), Stream.fail(own))
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(withStreamTimeout(options)(failing))), own)
    })
  )

  describe("after Finish", () => {
    const failure = new ServerError({ message: "late" })
    for (const [name, rest] of [
      ["stays open", Stream.never],
      ["fails", Stream.fail(failure)],
      ["continues", Stream.make(text)]
    ] as ReadonlyArray<readonly [string, Stream.Stream<StreamEvent, ServerError>]>) {
      it.effect(`ends the stream at once when the attempt ${name}`, () =>
        Effect.gen(function* () {
          const attempt = Stream.concat(Stream.make(start, text, finish), rest)
          // No time passes.
          const events = yield* Stream.runCollect(withStreamTimeout(options)(attempt))
          assert.deepStrictEqual(events, [start, text, finish])
        })
      )
    }

    it.effect("does not fail when the consumer takes longer than the total timeout", () =>
      Effect.gen(function* () {
        const attempt = Stream.concat(Stream.make(start, text, finish), Stream.never)
        const fiber = yield* Effect.forkChild(
          Stream.runForEachArray(withStreamTimeout(options)(attempt), () => Effect.sleep("200 seconds"))
        )
        yield* TestClock.adjust("200 seconds")
        yield* Fiber.join(fiber)
      })
    )
  })
})
