import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ServerError } from "../../../src/errors/ProviderErrors.ts"
import * as StreamFold from "../../../src/models/StreamFold.ts"
import { call, finish, host, makeMemory, plainOf, start, text } from "../support/cache.ts"
import { answer, cut, makeStages, markOf, read, unmarked } from "../support/streams.ts"

describe("CacheStage on streams", () => {
  it.effect("emits the same events to subscribers at any speed over one call", () =>
    Effect.gen(function* () {
      const { cache, stream, upstream } = yield* makeStages()
      const events = [start, ...Array.from({ length: 40 }, (_, number) => text(`piece ${number} `)), finish]
      const readers = []
      for (const [at, event] of events.entries()) {
        if (at % 5 === 0) {
          const reader = read(stream(call), Duration.millis((at * 7) % 90))
          readers.push({ reader, fiber: yield* Effect.forkChild(reader.run) })
        }
        yield* TestClock.adjust("10 millis")
        upstream.give(event)
      }
      upstream.end()
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(readers.length, 9)
      for (const { fiber, reader } of readers) {
        assert.deepStrictEqual(fiber.pollUnsafe(), Exit.void)
        assert.deepStrictEqual(unmarked(reader.seen), events)
      }
      const marks = readers.map(({ reader }) => markOf(reader.seen)?.level)
      assert.deepStrictEqual(marks, [undefined, ...Array.from({ length: 8 }, () => "flight")])
      assert.strictEqual(upstream.opened(), 1)
      assert.strictEqual((yield* cache.statistics).flights, 0)
    })
  )

  it.effect("does not delay others for a subscriber that does not read", () =>
    Effect.gen(function* () {
      const { stream, upstream } = yield* makeStages()
      const stuck = read(stream(call), "1 hour")
      const quick = read(stream(call))
      const one = yield* Effect.forkChild(stuck.run)
      yield* TestClock.adjust(0)
      const two = yield* Effect.forkChild(quick.run)
      yield* TestClock.adjust(0)
      for (const event of answer) {
        upstream.give(event)
        yield* TestClock.adjust(0)
        assert.strictEqual(quick.seen.at(-1), quick.seen.length === 1 ? quick.seen[0] : event)
      }
      upstream.end()
      yield* TestClock.adjust(0)
      assert.isDefined(two.pollUnsafe())
      assert.strictEqual(stuck.seen.length, 1)
      yield* TestClock.adjust("1 day")
      yield* Fiber.join(one)
      assert.deepStrictEqual(stuck.seen, answer)
    })
  )

  it.effect("ends with its last subscriber", () =>
    Effect.gen(function* () {
      const { cache, stream, upstream } = yield* makeStages()
      const readers = [read(stream(call)), read(stream(call)), read(stream(call))]
      const fibers = yield* Effect.forEach(readers, ({ run }) => Effect.forkChild(run))
      yield* TestClock.adjust(0)
      upstream.give(start, text("a"))
      yield* TestClock.adjust(0)
      for (const [left, fiber] of fibers.entries()) {
        assert.strictEqual(upstream.open(), 1)
        assert.strictEqual((yield* cache.statistics).flights, 1)
        assert.strictEqual(readers[2]?.seen.length, 2 + left)
        yield* Fiber.interrupt(fiber)
        upstream.give(text("b"))
        yield* TestClock.adjust(0)
      }
      assert.strictEqual(upstream.open(), 0)
      assert.strictEqual(upstream.opened(), 1)
      assert.strictEqual((yield* cache.statistics).flights, 0)
      assert.strictEqual((yield* cache.statistics).memory.entries, 0)
    })
  )

  it.effect("ends a stream whose only subscriber takes a part of it", () =>
    Effect.gen(function* () {
      const { stream, upstream } = yield* makeStages()
      upstream.give(start)
      upstream.give(text("a"))
      const taken = yield* Stream.runCollect(Stream.take(stream(call), 2))
      assert.deepStrictEqual(taken, [start, text("a")])
      assert.strictEqual(upstream.open(), 0)
    })
  )

  it.effect("returns the response of a running stream to a plain call", () =>
    Effect.gen(function* () {
      const { chat, plain, stream, upstream } = yield* makeStages()
      const reader = read(stream(call))
      const streaming = yield* Effect.forkChild(reader.run)
      yield* TestClock.adjust(0)
      upstream.give(start, text("Hello"))
      const waiting = yield* Effect.forkChild(chat(call))
      yield* TestClock.adjust(0)
      // The reader of the stream may leave, since the plain call still waits.
      yield* Fiber.interrupt(streaming)
      upstream.give(finish)
      upstream.end()
      const response = yield* Fiber.join(waiting)
      assert.strictEqual(response.text, "Hello")
      assert.strictEqual(response.cached?.level, "flight")
      assert.strictEqual(plain.asked(), 0)
    })
  )

  it.effect("emits the response of a running plain call as a stream", () =>
    Effect.gen(function* () {
      const { chat, plain, stream, upstream } = yield* makeStages()
      const release = plain.hold()
      const waiting = yield* Effect.forkChild(chat(call))
      yield* TestClock.adjust(0)
      const reader = read(stream(call))
      const streaming = yield* Effect.forkChild(reader.run)
      yield* TestClock.adjust(0)
      yield* release
      const response = yield* Fiber.join(waiting)
      yield* Fiber.join(streaming)
      assert.deepStrictEqual(markOf(reader.seen), { level: "flight", age: 0, isStale: false })
      assert.deepStrictEqual(unmarked(reader.seen), StreamFold.toEvents(response))
      assert.strictEqual(upstream.opened(), 0)
    })
  )

  it.effect("fails all subscribers with an error after some events without caching anything", () =>
    Effect.gen(function* () {
      const { stream, upstream } = yield* makeStages()
      const readers = [read(stream(call)), read(stream(call))]
      const fibers = yield* Effect.forEach(readers, ({ run }) => Effect.forkChild(run))
      yield* TestClock.adjust(0)
      upstream.give(start, text("a"))
      yield* TestClock.adjust(0)
      upstream.fail(cut)
      for (const [index, fiber] of fibers.entries()) {
        assert.deepStrictEqual(yield* Fiber.await(fiber), Exit.fail(cut))
        assert.deepStrictEqual(unmarked(readers[index]?.seen ?? []), [start, text("a")])
      }
      yield* Effect.forkChild(Stream.runDrain(stream(call)))
      yield* TestClock.adjust(0)
      assert.strictEqual(upstream.opened(), 2)
    })
  )

  it.effect("calls the host once for all plain calls whose shared stream failed with a stream-only error", () =>
    Effect.gen(function* () {
      const { chat, plain, stream, upstream } = yield* makeStages()
      yield* Effect.forkChild(Effect.exit(Stream.runDrain(stream(call))))
      yield* TestClock.adjust(0)
      const waiting = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(chat(call)))
      yield* TestClock.adjust(0)
      upstream.fail(cut)
      for (const fiber of waiting) assert.strictEqual((yield* Fiber.join(fiber)).text, "answer 1")
      assert.strictEqual(plain.asked(), 1)
    })
  )

  it.effect("fails plain calls with the chat error of a shared stream", () =>
    Effect.gen(function* () {
      const { chat, plain, stream, upstream } = yield* makeStages()
      const failure = new ServerError({ message: "broken" })
      yield* Effect.forkChild(Effect.exit(Stream.runDrain(stream(call))))
      yield* TestClock.adjust(0)
      const waiting = yield* Effect.forkChild(chat(call))
      yield* TestClock.adjust(0)
      upstream.fail(failure)
      assert.deepStrictEqual(yield* Fiber.await(waiting), Exit.fail(failure))
      assert.strictEqual(plain.asked(), 0)
    })
  )

  it.effect("propagates a defect", () =>
    Effect.gen(function* () {
      const cache = yield* makeMemory()
      const stream = cache.stage().stream(() => Stream.die("bug"))
      assert.deepStrictEqual(yield* Effect.exit(Stream.runDrain(stream(call))), Exit.failCause(Cause.die("bug")))
      assert.strictEqual(plainOf(yield* cache.stage().effect(host().attempt)(call)).id, "chatcmpl-answer 1")
    })
  )
})
