import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Option, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../../test/support/wallClock.ts"
import { Recorder, replay } from "../../../src/cache/internal/StreamRecording.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import * as StreamFold from "../../../src/models/StreamFold.ts"
import { finish, response, start, text } from "../support/cache.ts"

const thought = (text: string, choice = 0): StreamEvent => ({ _tag: "ReasoningDelta", choice, text })
const textDelta = (text: string, choice = 0): StreamEvent => ({ _tag: "TextDelta", choice, text })
const piece = (args: string, choice: number, index: number): StreamEvent => ({
  _tag: "ToolCallDelta",
  choice,
  index,
  id: `call_${choice}_${index}`,
  name: "look",
  arguments: args
})

const played = Effect.fnUntraced(function* (events: Stream.Stream<StreamEvent>) {
  const beganAt = yield* Clock.currentTimeMillis
  const came: Array<readonly [at: number, event: StreamEvent]> = []
  const fiber = yield* Effect.forkChild(
    Stream.runForEach(events, (event) =>
      Effect.map(Clock.currentTimeMillis, (now) => void came.push([now - beganAt, event]))
    )
  )
  for (let millis = 0; millis < 600; millis++) yield* TestClock.adjust("1 millis")
  yield* Fiber.join(fiber)
  return came
})

describe("StreamRecording", () => {
  it.effect("replays the recorded events at their times, for any response", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const between = (from: number, to: number) => from + Math.floor(chance.nextDoubleUnsafe() * (to - from))
      for (let round = 0; round < 40; round++) {
        const choices = between(1, 3)
        const deltas: Array<StreamEvent> = []
        for (let n = between(1, 20); n > 0; n--) {
          const choice = between(0, choices)
          const content = ["a", "Grüße", "中", "\ud83d", "\ude00 "][between(0, 5)] ?? ""
          deltas.push(
            [textDelta(content, choice), thought(content, choice), piece(content, choice, between(0, 2))][
              between(0, 3)
            ] ?? text("")
          )
        }
        const calls: Array<StreamEvent> = []
        for (let choice = 0; choice < choices; choice++) {
          for (const index of [0, 1]) {
            const own = deltas.filter((d) => d._tag === "ToolCallDelta" && d.choice === choice && d.index === index)
            // A call has an index below its number.
            if (own.length === 0) continue
            const args = own.map((d) => (d._tag === "ToolCallDelta" ? d.arguments : "")).join("")
            calls.push({
              _tag: "ToolCall",
              choice,
              index,
              call: { id: `call_${choice}_${index}`, type: "function", function: { name: "look", arguments: args } }
            })
          }
        }
        const hasGap = calls.some(
          (event) =>
            event._tag === "ToolCall" &&
            event.index === 1 &&
            !calls.some((other) => other._tag === "ToolCall" && other.choice === event.choice && other.index === 0)
        )
        if (hasGap) continue
        const end: StreamEvent = {
          _tag: "Finish",
          finishReason: "stop",
          finishReasons: Array.from({ length: choices }, () => "stop")
        }
        const recorder = new Recorder(1_000)
        recorder.add(start, 1_000)
        recorder.add(textDelta("thrown away"), 1_000)
        recorder.add({ _tag: "Reset", reason: "x" }, 1_000)
        const expected: Array<readonly [number, StreamEvent]> = [[0, start]]
        let now = 1_000
        for (const delta of deltas) {
          now += between(0, 2) * between(0, 40)
          recorder.add(delta, now)
          expected.push([now - 1_000, delta])
        }
        for (const event of [...calls, end]) {
          recorder.add(event, now)
          expected.push([now - 1_000, event])
        }
        const answer = Option.getOrThrow(StreamFold.fold([start, ...deltas, ...calls, end]))
        assert.deepStrictEqual(yield* played(replay(answer, recorder.recording)), expected)
      }
    }).pipe(Random.withSeed("recordings"))
  )

  it.effect("replays a response at once without a matching recording", () =>
    Effect.gen(function* () {
      const answer = response("Hello")
      const recorder = new Recorder(0)
      for (const event of [start, text("Hi"), finish]) recorder.add(event, 500)
      for (const recording of [
        undefined,
        [],
        recorder.recording,
        [1, 2, 3],
        [9, 1, 7, 0, 5, 10],
        [9, 1, 0, 0, -5, 10]
      ]) {
        const events = yield* Stream.runCollect(replay(answer, recording))
        assert.deepStrictEqual(events, StreamFold.toEvents(answer))
      }
    })
  )

  const call: StreamEvent = {
    _tag: "ToolCall",
    choice: 0,
    index: 0,
    call: { id: "call_0_0", type: "function", function: { name: "look", arguments: "{}" } }
  }

  /** The events with the times of their replay, of a stream that began at one second. */
  const replayed = (...events: ReadonlyArray<readonly [at: number, event: StreamEvent]>) => {
    const recorder = new Recorder(1_000)
    for (const [at, event] of events) recorder.add(event, 1_000 + at)
    const from = events.findLastIndex(([, { _tag }]) => _tag === "Reset") + 1
    const kept = events.slice(from).map(([, event]) => event)
    const answer = Option.getOrThrow(StreamFold.fold(from === 0 ? kept : [start, ...kept]))
    return played(replay(answer, recorder.recording))
  }

  it.effect("replays a text in pieces", () =>
    Effect.gen(function* () {
      const events = [
        [0, start],
        [100, text("Hel")],
        [200, text("lo")],
        [300, finish]
      ] as const
      assert.deepStrictEqual<unknown>(yield* replayed(...events), events)
    })
  )

  it.effect("replays reasoning in pieces before the text", () =>
    Effect.gen(function* () {
      const events = [
        [0, start],
        [100, thought("Hm")],
        [200, thought("m")],
        [200, text("Hello")],
        [300, finish]
      ] as const
      assert.deepStrictEqual<unknown>(yield* replayed(...events), events)
    })
  )

  it.effect("replays a call of a tool in pieces", () =>
    Effect.gen(function* () {
      const events = [
        [0, start],
        [100, piece("{", 0, 0)],
        [200, piece("}", 0, 0)],
        [300, call],
        [300, finish]
      ] as const
      assert.deepStrictEqual<unknown>(yield* replayed(...events), events)
    })
  )

  it.effect("replays nothing of what came before a new beginning", () =>
    Effect.gen(function* () {
      const events = [
        [0, start],
        [100, text("lost")],
        [150, { _tag: "Reset", reason: "x" } as StreamEvent],
        [200, text("Hello")],
        [300, finish]
      ] as const
      assert.deepStrictEqual<unknown>(yield* replayed(...events), [events[0], events[3], events[4]])
    })
  )

  it("counts what came before the start as immediate", () => {
    const recorder = new Recorder(1_000)
    recorder.add(text("Hi"), 900)
    recorder.add(finish, 1_200)
    assert.deepStrictEqual(recorder.recording, [0, 1, 0, 0, 2, 200])
  })

  it.effect.each([
    ["a text that is missing", [9, 1, 0, 0, 5, 9, 1, 0, 0, 5, 10], "Hello"],
    ["a text of another choice", [9, 1, 0, 0, 5, 9, 1, 1, 0, 5, 10], "Hello"],
    ["reasoning that is missing", [9, 0, 0, 0, 5, 9, 1, 0, 0, 5, 10], "Hello"],
    ["a call that is missing", [9, 2, 0, 0, 5, 9, 1, 0, 0, 5, 10], "Hello"]
  ] as const)("leaves out %s", ([, recording, content]) =>
    Effect.gen(function* () {
      const answer = response(content)
      const [begun = start, , ...ends] = StreamFold.toEvents(answer)
      const events = yield* played(replay(answer, [...recording]))
      assert.deepStrictEqual(events, [[0, begun], [9, text(content)], ...ends.map((event) => [10, event] as const)])
    })
  )

  it.effect.each([
    ["reasoning", thought("Hm"), [9, 0, 0, 0, 1, 10]],
    ["the arguments of a call", piece("{}", 0, 0), [9, 2, 0, 0, 1, 10]]
  ] as const)("replays a response at once with a recording of a part of %s", ([, event, recording]) =>
    Effect.gen(function* () {
      const answer = Option.getOrThrow(StreamFold.fold([start, event, finish]))
      const expected = StreamFold.toEvents(answer).map((event) => [0, event] as const)
      assert.deepStrictEqual(yield* played(replay(answer, recording)), expected)
    })
  )

  it.effect("sets no timer for what is due", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const withoutTimers: Clock.Clock = Object.assign(Object.create(clock), { sleep: () => Effect.die("a timer") })
      const events = replay(response("ab"), [0, 1, 0, 0, 1, 5, 1, 0, 0, 1, 5])
      const seen = yield* Stream.runCollect(
        Stream.tap(events, () => TestClock.adjust("5 millis")).pipe(Stream.provideService(Clock.Clock, withoutTimers))
      )
      assert.deepStrictEqual(
        seen.map(({ _tag }) => _tag),
        ["Start", "TextDelta", "TextDelta", "Usage", "Finish"]
      )
    })
  )

  it.effect("does not wait if the consumer is slower than the recording", () =>
    Effect.gen(function* () {
      const recorder = new Recorder(0)
      const events = [start, text("a"), text("b"), finish]
      for (const [index, event] of events.entries()) recorder.add(event, index * 100)
      const answer = Option.getOrThrow(StreamFold.fold(events))
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(replay(answer, recorder.recording), () => Effect.sleep(Duration.millis(100)))
      )
      yield* TestClock.adjust("399 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isDefined(fiber.pollUnsafe())
    })
  )

  for (const [name, jump] of jumps) {
    it.effect(`replays at the recorded times when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const seen: Array<string> = []
          const events = replay(response("ab"), [100, 1, 0, 0, 1, 300, 1, 0, 0, 1, 400])
          const fiber = yield* Effect.forkChild(
            Stream.runForEach(events, ({ _tag }) => Effect.sync(() => void seen.push(_tag)))
          )
          yield* TestClock.adjust("100 millis")
          assert.deepStrictEqual(seen, ["Start", "TextDelta"])
          set(jump)
          yield* TestClock.adjust("199 millis")
          assert.deepStrictEqual(seen, ["Start", "TextDelta"])
          yield* TestClock.adjust("1 millis")
          assert.deepStrictEqual(seen, ["Start", "TextDelta", "TextDelta"])
          yield* TestClock.adjust("100 millis")
          yield* Fiber.join(fiber)
        })
      )
    )
  }
})
