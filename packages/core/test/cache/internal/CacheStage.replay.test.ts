import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as CacheControl from "../../../src/cache/CacheControl.ts"
import type * as ResponseCache from "../../../src/cache/ResponseCache.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import * as StreamFold from "../../../src/models/StreamFold.ts"
import { call, finish, makeMemory, start, text } from "../support/cache.ts"
import { fakeStore, processOn, settle } from "../support/stores.ts"
import { answer, makeStages, markOf, read, scripted, unmarked } from "../support/streams.ts"

describe("CacheStage on streams", () => {
  it.effect("replays a cached stream at once, marked as cached", () =>
    Effect.gen(function* () {
      const { stream, upstream } = yield* makeStages()
      upstream.give(...answer)
      upstream.end()
      const first = yield* Stream.runCollect(stream(call))
      assert.deepStrictEqual(first, answer)
      yield* TestClock.adjust("5 seconds")
      const again = yield* Stream.runCollect(stream(call))
      assert.deepStrictEqual(markOf(again), { level: "memory", age: 5_000, isStale: false })
      assert.deepStrictEqual(unmarked(again), [start, text("Hello you"), finish])
      assert.strictEqual(upstream.opened(), 1)
    })
  )

  it.effect("serves a plain call from a stream or the reverse", () =>
    Effect.gen(function* () {
      const one = yield* makeStages()
      one.upstream.give(...answer)
      one.upstream.end()
      yield* Stream.runDrain(one.stream(call))
      const response = yield* one.chat(call)
      assert.strictEqual(response.text, "Hello you")
      assert.strictEqual(response.cached?.level, "memory")
      assert.strictEqual(one.plain.asked(), 0)

      const other = yield* makeStages()
      const asked = yield* other.chat(call)
      const events = yield* Stream.runCollect(other.stream(call))
      assert.deepStrictEqual(markOf(events), { level: "memory", age: 0, isStale: false })
      assert.deepStrictEqual(unmarked(events), StreamFold.toEvents(asked))
      assert.strictEqual(other.upstream.opened(), 0)
    })
  )

  for (const [what, events, isKept, fails] of [
    ["a stream without an end", [start, text("a")], false, true],
    [
      "an answer that another attempt took up",
      [start, text("a"), { _tag: "Resume", reason: "x" }, text("b"), finish],
      false,
      false
    ],
    ["an answer that began anew", [start, text("a"), { _tag: "Reset", reason: "x" }, ...answer], true, false],
    [
      "a truncated answer",
      [start, text("a"), { _tag: "Finish", finishReason: "length", finishReasons: ["length"] }],
      false,
      false
    ]
  ] as const satisfies ReadonlyArray<readonly [string, ReadonlyArray<StreamEvent>, boolean, boolean]>) {
    it.effect(`${isKept ? "caches" : "does not cache"} ${what}`, () =>
      Effect.gen(function* () {
        const cache = yield* makeMemory()
        let asked = 0
        const stream = cache.stage().stream((call) => {
          asked += 1
          return scripted(...events)(call)
        })
        const seen = read(stream(call))
        const exit = yield* Effect.exit(seen.run)
        assert.deepStrictEqual(seen.seen, [...events])
        assert.strictEqual(Exit.isFailure(exit), fails)
        const again = yield* Effect.exit(Stream.runCollect(stream(call)))
        assert.strictEqual(asked, isKept ? 1 : 2)
        if (isKept && Exit.isSuccess(again)) {
          assert.deepStrictEqual(unmarked(again.value), [start, text("Hello you"), finish])
        }
      })
    )
  }

  it.effect("replays a recorded stream delta by delta in its times", () =>
    Effect.gen(function* () {
      const { stream, upstream } = yield* makeStages({ replay: "recorded" })
      const pieces: ReadonlyArray<readonly [wait: number, events: ReadonlyArray<StreamEvent>]> = [
        [300, [start]],
        [
          0,
          [
            { _tag: "ReasoningDelta", choice: 0, text: "Hm" },
            { _tag: "ReasoningDelta", choice: 0, text: ", well" }
          ]
        ],
        [700, [text("Hel")]],
        [50, [text("lo"), text(" ")]],
        [0, [text("you")]],
        [1_000, [finish]]
      ]
      const first = yield* Effect.forkChild(Stream.runDrain(stream(call)))
      yield* TestClock.adjust(0)
      for (const [wait, events] of pieces) {
        yield* TestClock.adjust(Duration.millis(wait))
        upstream.give(...events)
      }
      upstream.end()
      yield* Fiber.join(first)
      const beganAt = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      const came: Array<readonly [number, StreamEvent]> = []
      const replaying = yield* Effect.forkChild(
        Stream.runForEach(stream(call), (event) =>
          Effect.clockWith((clock) =>
            Effect.map(clock.currentTimeMillis, (now) => void came.push([now - beganAt, event]))
          )
        )
      )
      for (let millis = 0; millis < 2_100; millis += 50) yield* TestClock.adjust("50 millis")
      yield* Fiber.join(replaying)
      const times = [0, 300, 300, 1_000, 1_050, 1_050, 1_050, 2_050]
      assert.deepStrictEqual(
        came.map(([at]) => at),
        times
      )
      assert.deepStrictEqual(
        unmarked(came.map(([, event]) => event)),
        pieces.flatMap(([, events]) => events)
      )
      assert.strictEqual(upstream.opened(), 1)
    })
  )

  it.effect("refreshes a stale stream once while it serves it", () =>
    Effect.gen(function* () {
      const { stream, upstream } = yield* makeStages({ staleAfter: Duration.minutes(1) })
      upstream.give(...answer)
      upstream.end()
      yield* Stream.runDrain(stream(call))
      yield* TestClock.adjust("1 minute")
      for (let i = 0; i < 5; i++) {
        const events = yield* Stream.runCollect(stream(call))
        assert.isTrue(markOf(events)?.isStale)
      }
      yield* TestClock.adjust(0)
      assert.strictEqual(upstream.opened(), 2)
      assert.isFalse(markOf(yield* Stream.runCollect(stream(call)))?.isStale)
    })
  )

  it.effect("serves a stale stream while its refresh runs", () =>
    Effect.gen(function* () {
      const cache = yield* makeMemory({ staleAfter: Duration.minutes(1) })
      let asked = 0
      const stream = cache.stage().stream((call) => {
        asked += 1
        return asked === 1 ? scripted(...answer)(call) : Stream.never
      })
      yield* Stream.runDrain(stream(call))
      yield* TestClock.adjust("1 minute")
      yield* Stream.runDrain(stream(call))
      yield* TestClock.adjust(0)
      assert.strictEqual(asked, 2)
      const second = yield* Effect.forkChild(Stream.runCollect(stream(call)))
      yield* TestClock.adjust(0)
      assert.isDefined(second.pollUnsafe())
      assert.isTrue(markOf(yield* Fiber.join(second))?.isStale)
    })
  )

  it.effect("fails a stream without an end as truncated", () =>
    Effect.gen(function* () {
      const stream = (yield* makeMemory()).stage().stream(scripted(start, text("a")))
      const error = yield* Effect.flip(Stream.runDrain(stream(call)))
      assert.deepInclude({ ...error }, { _tag: "StreamTruncatedError" })
      assert.match(error.message, /no end/u)
    })
  )

  /** Whether a stream of one process is replayed by another with pauses. */
  const isPaced = Effect.fnUntraced(function* (
    writer: ResponseCache.Options["replay"],
    reader: ResponseCache.Options["replay"]
  ) {
    const fake = fakeStore()
    const one = (yield* processOn(fake, { replay: writer })).stage.stream(() =>
      Stream.tap(Stream.fromArray(answer), () => Effect.sleep("1 second"))
    )
    const writing = yield* Effect.forkChild(Stream.runDrain(one(call)))
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(writing)
    yield* settle
    const two = (yield* processOn(fake, { replay: reader })).stage.stream(() => Stream.die("not cached"))
    const reading = yield* Effect.forkChild(Stream.runDrain(two(call)))
    yield* settle
    const hasPauses = reading.pollUnsafe() === undefined
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(reading)
    return hasPauses
  })

  it.effect.each([
    ["at its times what another process has recorded", "recorded", "recorded", true],
    ["at once what another process has recorded", "recorded", "immediate", false],
    ["at once what another process has not recorded", "immediate", "recorded", false]
  ] as const)("replays %s", ([, writer, reader, expected]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* isPaced(writer, reader), expected)
    })
  )

  it.effect("does not read the cache on refresh or bypass", () =>
    Effect.gen(function* () {
      const { cache, stream, upstream } = yield* makeStages()
      upstream.give(...answer)
      upstream.end()
      yield* Stream.runDrain(stream(call)).pipe(CacheControl.provide({ mode: "bypass" }))
      assert.strictEqual((yield* cache.statistics).memory.entries, 0)
      yield* Stream.runDrain(stream(call))
      const refreshed = yield* Stream.runCollect(stream(call)).pipe(CacheControl.provide({ mode: "refresh" }))
      assert.deepStrictEqual(refreshed, answer)
      assert.strictEqual(upstream.opened(), 3)
    })
  )
})
