import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { KimiError } from "../../src/errors/KimiError.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import { ask, isIdle, makeCounted, type Service, start, stateOf } from "./support/admission.ts"
import { stepwise } from "./support/breaker.ts"
import { makePausing } from "./support/pausing.ts"
import { guardStream } from "../../src/resilience/internal/admission/AdmissionGuard.ts"

const text: StreamEvent = { _tag: "TextDelta", choice: 0, text: "a" }

/** The two ways in which an attempt runs with a permit. */
const ways: ReadonlyArray<
  readonly [string, (admission: Service, attempt: Effect.Effect<void>) => Effect.Effect<void, KimiError>]
> = [
  ["a call", (admission, attempt) => admission.guard(ask(10))(attempt)],
  [
    "a stream",
    (admission, attempt) =>
      Stream.runDrain(
        guardStream(admission, ask(10))(Stream.concat(Stream.fromEffect(Effect.as(attempt, text)), Stream.make(text)))
      )
  ]
]

describe("Admission under interruption", () => {
  for (const [name, run] of ways) {
    it.effect(`does not count ${name} that is interrupted while it waits`, () =>
      Effect.gen(function* () {
        const { admission, timers } = yield* makeCounted({ limits: { concurrency: 1, tokensPerMinute: 100 } })
        const first = yield* start(run(admission, Effect.never))
        const second = yield* start(run(admission, Effect.die("made")))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.interrupt(second)
        assert.deepInclude(yield* stateOf(admission), {
          inFlight: 1,
          waiting: 0,
          requestsInMinute: 1,
          tokensInMinute: 10
        })
        assert.strictEqual(timers(), 0)
        yield* Fiber.interrupt(first)
        yield* isIdle(admission)
      })
    )

    it.effect(`passes the permit of ${name} that is interrupted at any step after admission to the next`, () =>
      Effect.gen(function* () {
        let givenBack = 0
        let begunInAll = 0
        for (let step = 1; step <= 60; step++) {
          const { admission, timers } = yield* makeCounted({
            limits: { concurrency: 1, requestsPerMinute: 100, tokensPerMinute: 1_000, tokensPerDay: 10_000 }
          })
          const end = yield* Deferred.make<void>()
          yield* start(run(admission, Deferred.await(end)))
          const { at, pausing } = yield* makePausing
          let begun = 0
          const attempt = Effect.suspend(() => {
            begun += 1
            return Effect.never
          })
          const second = yield* start(pausing(run(admission, attempt)))
          const third = yield* start(run(admission, Effect.void))
          at(step)
          yield* Deferred.succeed(end, undefined)
          assert.deepInclude(yield* stateOf(admission), { inFlight: 1, waiting: 1 })
          yield* Fiber.interrupt(second)
          assert.deepStrictEqual(yield* Fiber.await(third), Exit.void)
          const state = yield* stateOf(admission)
          assert.deepInclude(state, { inFlight: 0, waiting: 0 })
          // The first, the third, and the second unless it was never sent.
          assert.isAtLeast(state.requestsInMinute, 2 + begun)
          assert.isAtMost(state.requestsInMinute, 3)
          assert.strictEqual(state.tokensInMinute, 10 * state.requestsInMinute)
          assert.strictEqual(state.tokensInDay, state.tokensInMinute)
          assert.strictEqual(timers(), 0)
          if (state.requestsInMinute === 2) givenBack++
          begunInAll += begun
        }
        assert.isAbove(givenBack, 0)
        assert.isAbove(begunInAll, 0)
      })
    )

    it.effect(`leaks no permit after a thousand interruptions of ${name} at random times`, () =>
      Effect.gen(function* () {
        const limits = { concurrency: 7, requestsPerMinute: 1_000, tokensPerMinute: 100_000 }
        const { admission, timers } = yield* makeCounted({ limits })
        const seen = { begun: 0, ended: 0, waiting: 0, running: 0 }
        const attempt = Effect.andThen(
          Effect.sync(() => void seen.begun++),
          Effect.andThen(
            Effect.sleep("2 millis"),
            Effect.sync(() => void seen.ended++)
          )
        )
        const once = Effect.gen(function* () {
          yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 200)))
          const fiber = yield* Effect.forkChild(stepwise(run(admission, attempt)))
          const turns = yield* Random.nextIntBetween(0, 60)
          for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
          if (yield* Random.nextBoolean) yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(1, 5)))
          if (fiber.pollUnsafe() === undefined) {
            const state = (yield* admission.states).get("moonshot")
            if ((state?.waiting ?? 0) > 0) seen.waiting++
            else seen.running++
          }
          yield* Fiber.interrupt(fiber)
        })
        const all = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 1_000 }, () => once),
            { concurrency: "unbounded", discard: true }
          )
        )
        for (let millis = 0; millis < 220; millis++) yield* TestClock.adjust(Duration.millis(1))
        assert.deepStrictEqual(all.pollUnsafe(), Exit.void)
        for (const [what, count] of Object.entries(seen)) assert.isAbove(count, 50, what)
        const state = yield* stateOf(admission)
        assert.deepInclude(state, { inFlight: 0, waiting: 0, concurrency: 7 })
        assert.isAtLeast(state.requestsInMinute, seen.begun)
        assert.strictEqual(timers(), 0)
        // Every permit is available.
        const fibers = []
        for (let call = 0; call < 8; call++) fibers.push(yield* start(run(admission, Effect.never)))
        assert.deepInclude(yield* stateOf(admission), { inFlight: 7, waiting: 1 })
        for (const fiber of fibers) yield* Fiber.interrupt(fiber)
        yield* isIdle(admission)
      }).pipe(Random.withSeed(`interruptions of ${name}`))
    )
  }

  it.effect("cancels its timer after the last of ten thousand queued calls is interrupted", () =>
    Effect.gen(function* () {
      const { admission, timers, timersBegun } = yield* makeCounted({ limits: { concurrency: 1 } })
      yield* start(admission.guard(ask())(Effect.never))
      const fibers = []
      for (let call = 0; call < 10_000; call++) fibers.push(yield* start(admission.guard(ask())(Effect.void)))
      assert.strictEqual(timers(), 1)
      assert.strictEqual(timersBegun(), 1)
      yield* Fiber.interruptAll(fibers)
      assert.strictEqual(timers(), 0)
      assert.deepInclude(yield* stateOf(admission), { inFlight: 1, waiting: 0 })
    })
  )

  it.effect("admits ten thousand queued calls that never suspend", () =>
    Effect.gen(function* () {
      const admission = yield* Admission.make({ limits: { concurrency: 1 } })
      const end = yield* Deferred.make<void>()
      yield* start(admission.guard(ask())(Deferred.await(end)))
      let made = 0
      const fibers = []
      for (let call = 0; call < 10_000; call++) {
        fibers.push(yield* start(admission.guard(ask())(Effect.sync(() => void made++))))
      }
      yield* Deferred.succeed(end, undefined)
      for (const fiber of fibers) assert.isDefined(fiber.pollUnsafe())
      assert.strictEqual(made, 10_000)
      yield* isIdle(admission)
    })
  )
})
