import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { classes, type KimiError } from "../../src/errors/KimiError.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import { ask, isIdle, makeCounted, start, stateOf } from "./support/admission.ts"
import { errorOf } from "./support/breaker.ts"
import * as Stage from "../../src/pipeline/Stage.ts"
import { guardStream } from "../../src/resilience/internal/admission/AdmissionGuard.ts"

const begin: StreamEvent = { _tag: "Start", id: "chatcmpl-1", model: "kimi-k3", created: 1 }
const text: StreamEvent = { _tag: "TextDelta", choice: 0, text: "a" }
const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
const overloaded = new classes.OverloadedError({ message: "429", retryAfter: Duration.seconds(5) })

type Events = Stream.Stream<StreamEvent, KimiError>

const whole: Events = Stream.make(begin, text, finish)
const hanging: Events = Stream.concat(Stream.make(begin, text), Stream.never)

describe("Admission on streams", () => {
  it.effect("holds the permit of a stream until it ends", () =>
    Effect.gen(function* () {
      const { admission, timersBegun } = yield* makeCounted({ limits: { concurrency: 1, tokensPerMinute: 100 } })
      const gate = yield* Deferred.make<void>()
      const gated: Events = Stream.concat(
        Stream.make(begin, text),
        Stream.fromEffect(Effect.as(Deferred.await(gate), finish))
      )
      const fiber = yield* start(Stream.runCollect(guardStream(admission, ask(7))(gated)))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* stateOf(admission)).inFlight, 1)
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Fiber.join(fiber), [begin, text, finish])
      yield* isIdle(admission)
      assert.strictEqual(timersBegun(), 0)
    })
  )

  it.effect("takes a permit for every run of a stream", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { requestsPerMinute: 100, tokensPerDay: 1_000 } })
      const stream = guardStream(admission, ask(7))(whole)
      assert.strictEqual((yield* admission.states).size, 0)
      yield* Stream.runDrain(stream)
      yield* Stream.runDrain(stream)
      assert.deepInclude(yield* stateOf(admission), { inFlight: 0, requestsInMinute: 2, tokensInDay: 14 })
    })
  )

  it.effect("queues a stream until a permit is available", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const holder = yield* start(Stream.runDrain(guardStream(admission, ask())(hanging)))
      const next = yield* start(Stream.runCollect(guardStream(admission, ask())(whole)))
      assert.strictEqual((yield* stateOf(admission)).waiting, 1)
      yield* Fiber.interrupt(holder)
      assert.deepStrictEqual(next.pollUnsafe(), Exit.succeed([begin, text, finish]))
    })
  )

  it.effect("refuses a stream that exceeds a limit", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { tokensPerMinute: 100 } })
      const tooLarge = yield* Effect.exit(Stream.runDrain(guardStream(admission, ask(101))(whole)))
      assert.strictEqual(errorOf(tooLarge)?._tag, "AdmissionLimitError")
    })
  )

  it.effect("fails a stream that waits longer than the longest wait", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 }, maxWait: "10 seconds" })
      yield* start(Stream.runDrain(guardStream(admission, ask())(hanging)))
      const late = yield* start(Effect.exit(Stream.runDrain(guardStream(admission, ask())(whole))))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(errorOf(yield* Fiber.join(late))?._tag, "AdmissionTimeoutError")
    })
  )

  it.effect("slows down after a stream that fails with a rate limit", () =>
    Effect.gen(function* () {
      const failing: ReadonlyArray<Events> = [
        Stream.fail(overloaded),
        Stream.concat(Stream.make(begin, text), Stream.fail(overloaded)),
        Stream.unwrap(Effect.fail(overloaded))
      ]
      for (const events of failing) {
        const admission = yield* Admission.make({ limits: { concurrency: 9 } })
        assert.strictEqual(yield* Effect.flip(Stream.runDrain(guardStream(admission, ask())(events))), overloaded)
        yield* isIdle(admission)
        assert.deepInclude(yield* stateOf(admission), { concurrency: 8, pausedUntil: 0 })
        for (let call = 0; call < 10; call++) yield* Stream.runDrain(guardStream(admission, ask())(whole))
        assert.strictEqual((yield* stateOf(admission)).concurrency, 9)
      }
    })
  )

  it.effect("releases the permit of a stream whose consumer leaves", () =>
    Effect.gen(function* () {
      const ends: ReadonlyArray<(events: Events) => Effect.Effect<unknown, unknown>> = [
        (events) => Stream.runDrain(Stream.take(Stream.rechunk(events, 1), 1)),
        (events) => Effect.timeout(Stream.runDrain(events), "1 second"),
        (events) => Stream.runForEach(events, () => Effect.fail("the consumer's")),
        (events) => Stream.runForEach(events, () => Effect.die("the consumer's"))
      ]
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      for (const end of ends) {
        const fiber = yield* Effect.forkChild(end(guardStream(admission, ask())(hanging)))
        yield* TestClock.adjust("1 second")
        yield* Fiber.await(fiber)
        yield* isIdle(admission)
        assert.strictEqual((yield* stateOf(admission)).concurrency, 1)
      }
    })
  )

  it.effect("releases the permit of a stream with a defect", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      assert.deepStrictEqual(
        yield* Effect.exit(Stream.runDrain(guardStream(admission, ask())(Stream.die("ours")))),
        Exit.die("ours")
      )
      yield* isIdle(admission)
    })
  )

  it.effect("does not count a stream that is interrupted while it waits", () =>
    Effect.gen(function* () {
      const { admission, timers } = yield* makeCounted({ limits: { concurrency: 1, requestsPerMinute: 10 } })
      const eager: Stream.Stream<StreamEvent> = Stream.fromPull(Effect.never)
      yield* start(Stream.runDrain(guardStream(admission, ask())(eager)))
      const waiting = yield* start(Stream.runDrain(guardStream(admission, ask())(whole)))
      assert.deepInclude(yield* stateOf(admission), { inFlight: 1, waiting: 1, requestsInMinute: 1 })
      yield* Fiber.interrupt(waiting)
      assert.deepInclude(yield* stateOf(admission), { inFlight: 1, waiting: 0, requestsInMinute: 1 })
      assert.strictEqual(timers(), 0)
    })
  )

  it.effect("releases the permit of a stream that is interrupted before its first pull", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const eager: Stream.Stream<StreamEvent> = Stream.fromPull(Effect.never)
      const working = yield* start(Stream.runDrain(guardStream(admission, ask())(eager)))
      assert.deepInclude(yield* stateOf(admission), { inFlight: 1 })
      yield* Fiber.interrupt(working)
      yield* isIdle(admission)
    })
  )

  it.effect("closes the resources of an interrupted stream before the next call is admitted", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const log: Array<string> = []
      const note = (entry: string) => Effect.sync(() => void log.push(entry))
      const held = Stream.ensuring(hanging, note("closed"))
      const fiber = yield* start(Stream.runDrain(guardStream(admission, ask())(held)))
      yield* start(admission.guard(ask())(note("next")))
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(log, ["closed", "next"])
    })
  )

  it.effect("applies the rate status at the start of a stream", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make()
      const started: Events = Stream.make<ReadonlyArray<StreamEvent>>(
        { ...begin, rateStatus: { limit: 10, remaining: 3 } },
        text
      )
      const fiber = yield* start(Stream.runDrain(guardStream(admission, ask())(Stream.concat(started, Stream.never))))
      assert.deepInclude(yield* stateOf(admission), { inFlight: 1, requestsInMinute: 7 })
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("has no stage if admission is off", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.Admission
      assert.isTrue(Stage.isOff(Admission.stage(admission)))
    }).pipe(Effect.provide(Admission.layerOff))
  )
})
