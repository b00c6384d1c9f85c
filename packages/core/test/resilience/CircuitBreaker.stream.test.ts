import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import { classes, type KimiError } from "../../src/errors/KimiError.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import { type Breaker, broken, errorOf, fail, key, make, rejection, stepwise, succeed, tag } from "./support/breaker.ts"
import * as Stage from "../../src/pipeline/Stage.ts"
import { guardStream } from "../../src/resilience/internal/circuit/CircuitGuard.ts"

const start: StreamEvent = { _tag: "Start", id: "chatcmpl-1", model: "kimi-k3", created: 1 }
const text: StreamEvent = { _tag: "TextDelta", choice: 0, text: "a" }
const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }

type Events = Stream.Stream<StreamEvent, KimiError>

const whole: Events = Stream.make(start, text, finish)
const failing: Events = Stream.concat(Stream.make(start, text), Stream.fail(broken))
const hanging: Events = Stream.concat(Stream.make(start, text), Stream.never)

/** A whole stream with its first content after the given seconds. */
const after = (seconds: number): Events =>
  Stream.concat(Stream.make(start), Stream.fromEffect(Effect.delay(Effect.succeed(text), Duration.seconds(seconds))))

const run = (breaker: Breaker, events: Events) => Effect.exit(Stream.runCollect(guardStream(breaker, key)(events)))

const halfOpen = Effect.gen(function* () {
  const breaker = yield* make({ consecutiveFailures: 1 })
  yield* fail(breaker)
  yield* TestClock.adjust("10 seconds")
  return breaker
})

/** Asserts that the probe was released: the circuit is still half-open and admits the next one. */
const isReleased = Effect.fnUntraced(function* (breaker: Breaker) {
  const circuit = (yield* breaker.states).get(key)
  assert.deepInclude(circuit, { _tag: "HalfOpen", probes: [], successes: 0 })
  assert.strictEqual(yield* succeed(breaker), "answer")
  assert.strictEqual(yield* tag(breaker), "Closed")
})

describe("CircuitBreaker on streams", () => {
  it.effect("counts a stream that finishes as a success", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen
      assert.deepStrictEqual(yield* run(breaker, whole), Exit.succeed([start, text, finish]))
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("counts a stream that fails midway as a failure", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 2 })
      const seen: Array<StreamEvent> = []
      for (let i = 0; i < 2; i++) {
        assert.strictEqual(yield* tag(breaker), i === 0 ? undefined : "Closed")
        const events = Stream.tap(guardStream(breaker, key)(failing), (event) => Effect.sync(() => seen.push(event)))
        assert.strictEqual(yield* Effect.flip(Stream.runDrain(events)), broken)
      }
      assert.deepStrictEqual(seen, [start, text, start, text])
      assert.strictEqual(yield* tag(breaker), "Open")
    })
  )

  it.effect("does not count a stream before it ends", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen
      const gate = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        run(breaker, Stream.concat(Stream.make(start, text), Stream.drain(Stream.fromEffect(Deferred.await(gate)))))
      )
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual((yield* rejection(breaker)).state, "half-open")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("stays open for the wait that a failing stream requests", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1 })
      const busy = new classes.OverloadedError({ message: "busy", retryAfter: Duration.seconds(42) })
      yield* run(breaker, Stream.fail(busy))
      assert.deepStrictEqual((yield* rejection(breaker)).retryAfter, Duration.seconds(42))
    })
  )

  it.effect("counts a stream as slow exactly from the slow-call threshold", () =>
    Effect.gen(function* () {
      for (const [seconds, expected] of [
        [29.999, "Closed"],
        [30, "Open"]
      ] as const) {
        const breaker = yield* make({ slowRate: 1, minimumCalls: 1 })
        const fiber = yield* Effect.forkChild(run(breaker, after(seconds)))
        yield* TestClock.adjust("1 minute")
        assert.isTrue(Exit.isSuccess(yield* Fiber.join(fiber)))
        assert.strictEqual(yield* tag(breaker), expected, `${seconds} seconds`)
      }
    })
  )

  const late = Stream.fromEffect(Effect.delay(Effect.succeed(text), Duration.seconds(40)))

  it.effect.each([
    ["whose later content is late", Stream.concat(Stream.make(text), late)],
    ["without content", Stream.concat(Stream.make(start), Stream.drain(late))]
  ] as const)("does not count a long stream %s as slow", ([, events]) =>
    Effect.gen(function* () {
      const breaker = yield* make({ slowRate: 1, minimumCalls: 1 })
      const fiber = yield* Effect.forkChild(run(breaker, events))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("counts content that arrives with other events", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 day")
      const breaker = yield* make({ slowRate: 0.1, minimumCalls: 1 })
      const early = Stream.fromIterableEffect(Effect.delay(Effect.succeed([start, text]), "29 seconds"))
      const fiber = yield* Effect.forkChild(run(breaker, Stream.concat(early, after(31))))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("counts a slow probe as a failed one", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen
      const fiber = yield* Effect.forkChild(run(breaker, after(30)))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* tag(breaker), "Open")
    })
  )

  it.effect("counts a consumer that leaves after the whole response as a success", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1 })
      yield* fail(breaker)
      yield* TestClock.adjust("10 seconds")
      const answer = Stream.concat(Stream.succeed(finish), Stream.never)
      yield* Stream.runDrain(Stream.take(guardStream(breaker, key)(answer), 1))
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("releases the probe of a consumer that leaves early", () =>
    Effect.gen(function* () {
      for (const events of [whole, failing, hanging]) {
        const breaker = yield* halfOpen
        const first = yield* guardStream(
          breaker,
          key
        )(Stream.rechunk(events, 1)).pipe(Stream.take(1), Stream.runCollect)
        assert.deepStrictEqual(first, [start])
        yield* isReleased(breaker)
      }
    })
  )

  it.effect("releases the probe of a stream whose consumer is interrupted or fails", () =>
    Effect.gen(function* () {
      const ends: ReadonlyArray<(events: Events) => Effect.Effect<unknown, unknown>> = [
        (events) => Effect.timeout(Stream.runDrain(events), "1 second"),
        (events) => Stream.runForEach(events, () => Effect.fail("the consumer's")),
        (events) => Stream.runForEach(events, () => Effect.die("the consumer's"))
      ]
      for (const end of ends) {
        const breaker = yield* halfOpen
        const fiber = yield* Effect.forkChild(end(guardStream(breaker, key)(hanging)))
        yield* TestClock.adjust("1 second")
        assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
        yield* isReleased(breaker)
      }
    })
  )

  it.effect("releases the probe of a stream with a defect", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen
      assert.deepStrictEqual(yield* run(breaker, Stream.die("ours")), Exit.die("ours"))
      yield* isReleased(breaker)
    })
  )

  it.effect("releases the probe of a stream that is interrupted before its first pull", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1 })
      yield* fail(breaker)
      yield* TestClock.adjust("10 seconds")
      const eager: Stream.Stream<StreamEvent> = Stream.fromPull(Effect.never)
      const fiber = yield* Effect.forkChild(Stream.runDrain(guardStream(breaker, key)(eager)), {
        startImmediately: true
      })
      yield* Effect.yieldNow
      assert.strictEqual(yield* tag(breaker), "HalfOpen")
      yield* Fiber.interrupt(fiber)
      yield* succeed(breaker)
      assert.strictEqual(yield* tag(breaker), "Closed")
    })
  )

  it.effect("releases the probe of a stream that is interrupted while it opens", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen
      const opening: Events = Stream.unwrap(Effect.never)
      const fiber = yield* Effect.forkChild(run(breaker, opening), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* rejection(breaker)).state, "half-open")
      yield* Fiber.interrupt(fiber)
      yield* isReleased(breaker)
    })
  )

  it.effect("counts a stream once although it is closed after it has ended", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ window: { _tag: "Count", size: 9 }, consecutiveFailures: undefined })
      for (const events of [whole, failing]) yield* run(breaker, events)
      yield* run(breaker, Stream.fail(new classes.RateLimitError({ message: "429", kind: "unknown" })))
      const circuit = (yield* breaker.states).get(key)
      assert.deepStrictEqual(circuit?._tag === "Closed" ? circuit.windowState : undefined, {
        _tag: "Count",
        calls: [
          { isFailure: false, isSlow: false },
          { isFailure: true, isSlow: false }
        ]
      })
    })
  )

  it.effect("closes the resources of a stream before it releases the probe", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen
      const seen: Array<unknown> = []
      const held = Stream.ensuring(
        hanging,
        Effect.map(rejection(breaker), ({ state }) => seen.push(state))
      )
      yield* guardStream(breaker, key)(held).pipe(Stream.take(1), Stream.runDrain, Effect.exit)
      assert.deepStrictEqual(seen, ["half-open"])
      yield* isReleased(breaker)
    })
  )

  it.effect("checks the circuit for every run of a stream", () =>
    Effect.gen(function* () {
      const breaker = yield* make({ consecutiveFailures: 1 })
      let opened = 0
      const counted = Stream.suspend(() => {
        opened++
        return whole
      })
      const stream = guardStream(breaker, key)(counted)
      assert.strictEqual((yield* breaker.states).size, 0)
      yield* fail(breaker)
      const rejected = errorOf(yield* Effect.exit(Stream.runDrain(stream)))
      assert.deepInclude({ ...rejected }, { _tag: "CircuitOpenError", key, retryAfter: Duration.seconds(10) })
      assert.strictEqual(opened, 0)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Stream.runCollect(stream)).length, 3)
      assert.strictEqual((yield* Stream.runCollect(stream)).length, 3)
      assert.strictEqual(opened, 2)
      yield* fail(breaker)
      assert.strictEqual(errorOf(yield* Effect.exit(Stream.runDrain(stream)))?._tag, "CircuitOpenError")
    })
  )

  it.effect("leaks no probe after a thousand interruptions at random times", () =>
    Effect.gen(function* () {
      const breaker = yield* halfOpen
      let probes = 0
      const slow: Events = Stream.unwrap(
        Effect.as(
          Effect.andThen(
            Effect.sync(() => probes++),
            Effect.sleep("2 millis")
          ),
          hanging
        )
      )
      const once = Effect.gen(function* () {
        yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 500)))
        const fiber = yield* Effect.forkChild(stepwise(run(breaker, slow)))
        const turns = yield* Random.nextIntBetween(0, 90)
        for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
        if (yield* Random.nextBoolean) yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(1, 5)))
        yield* Fiber.interrupt(fiber)
      })
      const all = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 1_000 }, () => once),
          { concurrency: "unbounded", discard: true }
        )
      )
      for (let millis = 0; millis < 520; millis++) yield* TestClock.adjust(Duration.millis(1))
      assert.deepStrictEqual(all.pollUnsafe(), Exit.void)
      assert.isAbove(probes, 100)
      yield* isReleased(breaker)
    }).pipe(Random.withSeed("interrupted streams"))
  )
})

describe("CircuitBreaker.layerOff", () => {
  it.effect("has no stage", () =>
    Effect.gen(function* () {
      const breaker = yield* CircuitBreaker.CircuitBreaker
      assert.isTrue(Stage.isOff(CircuitBreaker.stage(breaker)))
    }).pipe(Effect.provide(CircuitBreaker.layerOff))
  )
})
